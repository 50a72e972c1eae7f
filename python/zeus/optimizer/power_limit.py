"""Finding the best power limit in the first steps of any training loop."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zeus import _core
from zeus._arguments import integer, number
from zeus.callback import Callback

if TYPE_CHECKING:
    from zeus.optimizer.huggingface import HFGlobalPowerLimitOptimizer as HFGlobalPowerLimitOptimizer

__all__ = [
    "Energy",
    "GlobalPowerLimitOptimizer",
    "HFGlobalPowerLimitOptimizer",
    "MaxSlowdownConstraint",
    "Monitor",
    "OptimumSelector",
    "PowerLimitMeasurement",
    "Time",
    "ZeusCost",
]

_LOG = logging.getLogger("zeus.optimizer")


@dataclass(frozen=True)
class PowerLimitMeasurement:
    """What profiling measured at one power limit.

    Attributes:
        power_limit: W.
        energy: Of all GPUs of all ranks, J.
        time: Of the slowest rank, s.
    """

    power_limit: int
    energy: float
    time: float


class _Measured(Protocol):
    @property
    def time(self) -> float: ...
    @property
    def gpu_energy(self) -> Mapping[int, float]: ...


class Monitor(Protocol):
    """What is needed of a monitor: `zeus.monitor.ZeusMonitor` or one that replays its log."""

    @property
    def gpu_indices(self) -> Sequence[int]:
        """The GPUs it measures, counted among the visible ones."""

    def begin_window(self, key: str) -> None:
        """Begins a window of this name."""

    def end_window(self, key: str, *, cancel: bool = False) -> _Measured:
        """Ends it: J of each GPU, and s."""


class OptimumSelector(ABC):
    """Chooses one of the power limits that were measured. Subclass it to choose otherwise."""

    @abstractmethod
    def select(self, measurements: list[PowerLimitMeasurement]) -> int:
        """The limit to train at, W.

        Args:
            measurements: In the order of profiling, from the highest limit down; of the same number of steps each.
        """


def _tuples(measurements: Sequence[PowerLimitMeasurement]) -> list[tuple[float, float, float]]:
    return [(one.power_limit, one.energy, one.time) for one in measurements]


def _watts(limit: float) -> int:
    return int(limit) if float(limit).is_integer() else limit  # type: ignore[return-value]


class Energy(OptimumSelector):
    """The limit with the least energy; ties go to the first."""

    def select(self, measurements: list[PowerLimitMeasurement]) -> int:
        """See `OptimumSelector.select`; ValueError for an empty list."""
        return _watts(_core.select_least_energy(_tuples(measurements)))


class Time(OptimumSelector):
    """The limit with the least time; ties go to the first."""

    def select(self, measurements: list[PowerLimitMeasurement]) -> int:
        """See `OptimumSelector.select`; ValueError for an empty list."""
        return _watts(_core.select_least_time(_tuples(measurements)))


class ZeusCost(OptimumSelector):
    """The limit with the least eta * energy + (1 - eta) * MaxPower * time. Source: Zeus (NSDI'23), equation 2."""

    def __init__(self, eta_knob: float, world_size: int = 1) -> None:
        """Checks the knobs.

        Args:
            eta_knob: What energy weighs against time, 0 to 1.
            world_size: GPUs that train together; MaxPower is the highest measured limit times their number.

        Raises:
            ValueError: One of them is out of range.
        """
        if not 0 <= number("eta_knob", eta_knob) <= 1:
            raise ValueError(f"eta_knob must be between 0 and 1, inclusive both sides. Got {eta_knob}.")
        if integer("world_size", world_size) < 1:
            raise ValueError(f"world_size must be greater than or equal to 1. Got {world_size}.")
        self.eta_knob = eta_knob
        self.world_size = world_size

    def select(self, measurements: list[PowerLimitMeasurement]) -> int:
        """See `OptimumSelector.select`; ValueError for an empty list."""
        return _watts(_core.select_least_cost(_tuples(measurements), self.eta_knob, self.world_size))


class MaxSlowdownConstraint(OptimumSelector):
    """The lowest limit at which the steps take at most `factor` times what they take at the highest."""

    def __init__(self, factor: float) -> None:
        """Checks the factor.

        Args:
            factor: 1 or more.

        Raises:
            ValueError: It is below 1.
        """
        if number("factor", factor) < 1:
            raise ValueError(f"max_slowdown_factor must be greater than or equal to 1.0. Got {factor}.")
        self.factor = factor

    def select(self, measurements: list[PowerLimitMeasurement]) -> int:
        """See `OptimumSelector.select`; ValueError for an empty list."""
        return _watts(_core.select_lowest_within(_tuples(measurements), self.factor))


class GlobalPowerLimitOptimizer(Callback):
    """Profiles every power limit of the monitor's GPUs in the first training steps, then trains at the best.

    Call `on_step_begin` and `on_epoch_end` in the training loop. After `wait_steps` steps each limit, from the highest
    down, is warmed up and measured within one epoch; an epoch that ends before is begun anew for that limit. All of the
    monitor's GPUs get the same limit. Where torch.distributed is initialised, energies are added up over the ranks, the
    slowest rank's time counts, and all ranks choose alike. What the limits were before comes back when the process ends,
    also by a signal, and after a kill by the next start or `zeus restore`.

    Sources: Zeus (NSDI'23), section 4.2; the interface is the published package's.
    """

    def __init__(
        self,
        monitor: Monitor,
        optimum_selector: OptimumSelector | None = None,
        wait_steps: int = 1,
        warmup_steps: int = 10,
        profile_steps: int = 40,
        pl_step: int = 25,
        profile_path: str | Path | None = None,
    ) -> None:
        """Borrows the GPUs, and sets the highest limit, or the best of a profile that is there.

        Args:
            monitor: Measures; its `gpu_indices` are the GPUs whose limits are set.
            optimum_selector: Chooses; None: `ZeusCost(eta_knob=0.5, world_size=len(monitor.gpu_indices))`.
            wait_steps: Steps before anything is set, 0 or more.
            warmup_steps: Steps at each limit before it is measured, 0 or more.
            profile_steps: Steps that are measured at each limit, 1 or more.
            pl_step: From one limit to the next, W.
            profile_path: JSON file (docs/formats.md) of an earlier profile, which is used instead of profiling; else it
                is written in the end. None: nowhere.

        Raises:
            ValueError: An argument is out of range, the GPUs allow different limits, or the profile is damaged.
            RuntimeError: This process may not change power limits, or there is no such GPU to change.
        """
        for name, value, least, what in (
            ("wait_steps", wait_steps, 0, "non-negative"), ("warmup_steps", warmup_steps, 0, "non-negative"),
            ("profile_steps", profile_steps, 1, "positive"), ("pl_step", pl_step, 1, "positive")):
            if integer(name, value) < least:
                raise ValueError(f"{name} must be {what}.")
        gpus = [integer("monitor.gpu_indices", index, least=0) for index in monitor.gpu_indices]
        if not gpus:
            raise ValueError("monitor.gpu_indices: expected at least one GPU")
        self.monitor = monitor
        self.optimum_selector: OptimumSelector = optimum_selector or ZeusCost(eta_knob=0.5, world_size=len(gpus))
        self.wait_steps = wait_steps
        self.warmup_steps = warmup_steps
        self.profile_steps = profile_steps
        self.pl_step = pl_step
        self.profile_path = Path(profile_path) if profile_path is not None else None
        rank, size, all_reduce = _ranks()
        selector = self.optimum_selector

        # None of these holds this optimizer, which can thus go away.
        def begin_window(name: str) -> None:
            monitor.begin_window(name)

        def end_window(name: str, cancel: bool) -> tuple[float, float]:
            measured = monitor.end_window(name, cancel=cancel)
            return (0.0, 0.0) if cancel else (float(sum(measured.gpu_energy.values())), float(measured.time))

        def select(tuples: Sequence[tuple[float, float, float]]) -> float:
            return float(selector.select([
                PowerLimitMeasurement(_watts(limit), energy, time) for limit, energy, time in tuples]))

        try:
            self._core = _core.PowerLimitOptimizer(
                environment=dict(os.environ), gpus=gpus, begin_window=begin_window, end_window=end_window,
                select=select, wait_steps=wait_steps, warmup_steps=warmup_steps, profile_steps=profile_steps,
                step=float(pl_step), profile_path="" if self.profile_path is None else str(self.profile_path),
                rank=rank, size=size, all_reduce=all_reduce)
        except PermissionError as error:
            raise RuntimeError(str(error)) from error
        for note in self._core.notes:
            _LOG.warning("%s", note)
        if _core.gpus_are_emulated():
            _LOG.warning("the GPU is emulated: time, power and energy are a model's, and measure no hardware")
        core = weakref.ref(self)
        atexit.register(lambda: there._core.close() if (there := core()) is not None else None)

    def on_step_begin(self) -> None:
        """A training step begins.

        Raises:
            RuntimeError: A GPU or another rank failed; the limit under way will be measured again.
            ValueError: `profile_steps` is too small to measure anything.
        """
        self._core.on_step_begin()

    def on_epoch_end(self) -> None:
        """An epoch has ended, and with it what was being measured."""
        self._core.on_epoch_end()

    @property
    def measurements(self) -> list[PowerLimitMeasurement]:
        """What was measured so far, from the highest limit down; what was read, if there was a profile."""
        return [PowerLimitMeasurement(_watts(limit), energy, time) for limit, energy, time in self._core.measurements]

    @property
    def optimal_power_limit(self) -> int | None:
        """The limit that was chosen, W; None while profiling."""
        limit = self._core.chosen_limit
        return None if limit is None else _watts(limit)

    @property
    def current_power_limit(self) -> int | None:
        """The limit that was set last, mW; None after an attempt that failed."""
        limit = self._core.current_limit
        return None if limit is None else round(limit * 1000)


def _ranks() -> tuple[int, int, Any]:
    """This process's rank, their number, and how they talk; without torch.distributed, the only one."""
    # A script that has not imported it has not initialised it either.
    dist = sys.modules.get("torch.distributed")
    if dist is None or not dist.is_available() or not dist.is_initialized():
        return 0, 1, None
    from zeus.run.ranks import all_reduce

    return dist.get_rank(), dist.get_world_size(), all_reduce


def __getattr__(name: str) -> Any:
    # Imports transformers, which takes seconds.
    if name == "HFGlobalPowerLimitOptimizer":
        from zeus.optimizer.huggingface import HFGlobalPowerLimitOptimizer

        return HFGlobalPowerLimitOptimizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

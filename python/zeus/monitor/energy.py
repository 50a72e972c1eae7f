"""Energy in named windows: `ZeusMonitor`."""

from __future__ import annotations

import atexit
import os
import warnings
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from os import PathLike, fspath
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from zeus import _core
from zeus.device.cpu import get_cpus
from zeus.device.cpu.common import CPUs, EmptyCPUs, ZeusCPUInitError, ZeusCPUNoPermissionError
from zeus.device.gpu import get_gpus
from zeus.device.gpu.common import EmptyGPUs, GPUs, ZeusGPUInitError

__all__ = ["Measurement", "Window", "ZeusMonitor"]

Framework = Literal["torch", "jax", "cupy"]


@dataclass
class Measurement:
    """What a window measured.

    Attributes:
        time: How long it was open, s.
        gpu_energy: Of each GPU, by its number, J.
        cpu_energy: Of each processor package, by its number, J; `None` where none is measured.
        dram_energy: Of the memory of each package that counts it, J; `None` where none does.
        soc_energy: Always `None`: systems on a chip are not measured.
    """

    time: float
    gpu_energy: dict[int, float]
    cpu_energy: dict[int, float] | None = None
    dram_energy: dict[int, float] | None = None
    soc_energy: object | None = None

    @cached_property
    def total_energy(self) -> float:
        """Of all GPUs, J; processors do not count, as in the published package."""
        return sum(self.gpu_energy.values())


class Window:
    """A window as a context manager, made by `ZeusMonitor.window`. May be entered again."""

    def __init__(self, monitor: ZeusMonitor, key: str, sync_execution: bool) -> None:
        """Wraps a window that is not yet open.

        Args:
            monitor: Whose.
            key: Its name.
            sync_execution: As of `ZeusMonitor.begin_window` and `end_window`.
        """
        self._monitor = monitor
        self._key = key
        self._sync_execution = sync_execution
        self._measurement: Measurement | None = None

    @property
    def measurement(self) -> Measurement:
        """What it measured.

        Raises:
            RuntimeError: It has not ended, or ended by an exception.
        """
        if self._measurement is None:
            raise RuntimeError(f"window '{self._key}' has no measurement: it has not ended, or ended by an exception")
        return self._measurement

    def __enter__(self) -> Window:
        """Begins the window."""
        self._measurement = None
        self._monitor.begin_window(self._key, sync_execution=self._sync_execution)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends it; after an exception it is forgotten."""
        if exc_type is None:
            self._measurement = self._monitor.end_window(self._key, sync_execution=self._sync_execution)
        else:
            self._monitor.end_window(self._key, sync_execution=False, cancel=True)


class ZeusMonitor(_core.EnergyWindows):
    """Measures the energy of GPUs and processors in named windows, which may nest and overlap.

        monitor = ZeusMonitor(gpu_indices=[0])
        monitor.begin_window("epoch")
        train()
        measurement = monitor.end_window("epoch")
        print(measurement.time, "s", measurement.total_energy, "J")

    or `with monitor.window("epoch") as window: train()`, and then `window.measurement`.

    GPUs that count their energy (NVIDIA: since Volta) cost one reading at either end. Others are sampled by a thread,
    and their power is integrated. Without a GPU, or without one that is usable, the rest is measured.

    Thread-safe. In a process forked from the one that made the monitor every call is a `RuntimeError`: make a new
    monitor there. Source: the published package's ZeusMonitor.

    Attributes:
        gpu_indices: The GPUs measured.
        cpu_indices: The processor packages measured.
        gpus: All GPUs of this process.
        cpus: All processor packages.
    """

    def __init__(
        self,
        gpu_indices: Sequence[int] | None = None,
        cpu_indices: Sequence[int] | None = None,
        approx_instant_energy: bool = False,
        log_file: str | PathLike[str] | None = None,
        sync_execution_with: Framework = "torch",
    ) -> None:
        """Finds the devices.

        Args:
            gpu_indices: Which GPUs, as CUDA_VISIBLE_DEVICES or its like leaves them, from 0. `None`: all.
            cpu_indices: Which processor packages, by position in `get_cpus()`. `None`: all that can be read.
            approx_instant_energy: Estimates a window in which a GPU's counter did not step (20 to 100 ms) as its power
                at the end times the window's length.
            log_file: A CSV file, replaced, that gets a row for each window that ends:
                `start_time,window_name,elapsed_time,gpu0_energy,...`. Missing folders are made.
            sync_execution_with: The framework that queues work on the GPUs. PyTorch's and CuPy's is waited for through
                the driver, without importing them; for `"jax"` JAX is asked.

        Raises:
            IndexError: There is no such GPU or processor.
            ValueError: `sync_execution_with` is no framework that is known.
            RuntimeError: `cpu_indices` names processors that this process may not read.
            ZeusBaseGPUError: One of its subclasses, for a GPU that is there and cannot be measured.
            OSError: `log_file` cannot be written.
        """
        if sync_execution_with not in ("torch", "jax", "cupy"):
            raise ValueError(
                f"sync_execution_with: expected 'torch', 'jax' or 'cupy', found {sync_execution_with!r}")
        self.gpus = _gpus_or_none()
        self.cpus = _cpus_or_none(cpu_indices)
        self.gpu_indices = _check_indices("gpu_indices", "GPU", gpu_indices, len(self.gpus))
        self.cpu_indices = _check_indices("cpu_indices", "CPU", cpu_indices, len(self.cpus))
        self.approx_instant_energy = approx_instant_energy
        self.log_file = log_file
        self.sync_execution_with = sync_execution_with
        wait: Callable[[], object] | None = None
        if sync_execution_with == "jax":
            from zeus.utils.framework import sync_execution

            wait = partial(sync_execution, self.gpu_indices, "jax")
        super().__init__(
            [self.gpus.gpus[index]._device for index in self.gpu_indices],
            [self.cpus.cpus[index]._device for index in self.cpu_indices],
            self.gpu_indices, self.cpu_indices, approx_instant_energy,
            None if log_file is None else fspath(log_file), wait, Measurement)
        if self.samples_power:
            _sampling.add(self)

    if TYPE_CHECKING:
        # The library's own, whose stub does not know the class of what they return.
        def end_window(self, key: str, sync_execution: bool = True, cancel: bool = False) -> Measurement: ...

    def window(self, key: str, sync_execution: bool = True) -> Window:
        """A window for `with`: begun on entry, ended on exit, forgotten after an exception.

        Args:
            key: Its name.
            sync_execution: Whether to wait at either end until the GPUs have done what was queued on them.
        """
        return Window(self, key, sync_execution)


def _gpus_or_none() -> GPUs:
    try:
        return get_gpus()
    except ZeusGPUInitError as error:
        # A machine without GPUs is measured without them; a daemon that was asked for is expected to be there.
        if any(os.environ.get(name) for name in ("ZEUSD_SOCK_PATH", "ZEUSD_HOST_PORT")):
            warnings.warn(f"no GPU is measured: {error}", stacklevel=3)
        return EmptyGPUs()


def _cpus_or_none(wanted: Sequence[int] | None) -> CPUs:
    try:
        return get_cpus()
    except ZeusCPUInitError:
        return EmptyCPUs()
    except ZeusCPUNoPermissionError as error:
        if wanted:
            raise RuntimeError(
                f"cpu_indices: {error}. Without processors (cpu_indices=[]) the GPUs can be measured.") from error
        return EmptyCPUs()


def _check_indices(argument: str, device: str, wanted: Sequence[int] | None, count: int) -> list[int]:
    if wanted is None:
        return list(range(count))
    indices = list(wanted)
    for index in indices:
        if not isinstance(index, int):
            raise TypeError(f"{argument}: expected whole numbers, found {index!r}")
        if not 0 <= index < count:
            there = f"{device}s 0 to {count - 1}" if count else f"no {device}"
            raise IndexError(f"{argument}: there is no {device} {index}: this process sees {there}")
        if indices.count(index) > 1:
            raise ValueError(f"{argument}: {device} {index} is named twice")
    return indices


# Their threads must not read GPUs while the libraries under them are taken down.
_sampling: weakref.WeakSet[ZeusMonitor] = weakref.WeakSet()


@atexit.register
def _close_sampling() -> None:
    for monitor in list(_sampling):
        monitor.stop_sampling()

"""Some steps of a training loop: `ZeusMonitorContext`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zeus.monitor.energy import ZeusMonitor

__all__ = ["ZeusMonitorContext"]

_WINDOW = "zeus.monitor.step"


class ZeusMonitorContext:
    """Skips some steps of a training loop, measures the next, and then does nothing until `reset`.

        steps = ZeusMonitorContext(skip_steps=10, profile_steps=10)
        for batch in loader:
            with steps.step():
                train(batch)
            if steps.is_done:
                print(steps.avg_energy, "J", steps.avg_time, "s")

    What lies between two steps does not count. The published package of 2022 starts a program for this; here the GPU is
    read from within. Not thread-safe.
    """

    def __init__(
        self,
        skip_steps: int = 10,
        profile_steps: int = 10,
        device_id: int = 0,
        zeus_monitor_path: str = "zeus_monitor",
        zeus_monitor_sleep_ms: int = 0,
        zeus_monitor_log_dir: str | None = None,
    ) -> None:
        """Finds the GPU.

        Args:
            skip_steps: How many steps pass unmeasured.
            profile_steps: How many are then measured.
            device_id: Which GPU, as CUDA_VISIBLE_DEVICES or its like leaves them.
            zeus_monitor_path: Without effect: no program is started.
            zeus_monitor_sleep_ms: Without effect.
            zeus_monitor_log_dir: Without effect.

        Raises:
            ValueError: Fewer than 0 steps to skip, or none to measure.
            IndexError: There is no such GPU.
        """
        if skip_steps < 0:
            raise ValueError(f"skip_steps: expected at least 0, found {skip_steps}")
        if profile_steps < 1:
            raise ValueError(f"profile_steps: expected at least 1, found {profile_steps}")
        self.skip_steps = skip_steps
        self.profile_steps = profile_steps
        self.device_id = device_id
        self._monitor = ZeusMonitor(gpu_indices=[device_id], cpu_indices=[], approx_instant_energy=True)
        self.reset()

    def reset(self) -> None:
        """Forgets everything, a step under way included, and begins with skipping."""
        self._monitor.reset_windows()
        self._in_step = False
        self._steps = 0
        self._energy = 0.0
        self._time = 0.0

    @property
    def _measures(self) -> bool:
        return self.skip_steps <= self._steps < self.skip_steps + self.profile_steps

    def start_step(self) -> None:
        """Begins a step.

        Raises:
            RuntimeError: The step before has not ended.
        """
        if self._in_step:
            raise RuntimeError("a step begins before the one before it has ended")
        if self._measures:
            self._monitor.begin_window(_WINDOW)
        self._in_step = True

    def finish_step(self) -> None:
        """Ends the step.

        Raises:
            RuntimeError: None has begun.
        """
        if not self._in_step:
            raise RuntimeError("a step ends that has not begun")
        self._in_step = False
        if self._measures:
            measurement = self._monitor.end_window(_WINDOW)
            self._energy += measurement.total_energy
            self._time += measurement.time
        self._steps += 1

    @contextmanager
    def step(self) -> Iterator[None]:
        """One step, for `with`."""
        self.start_step()
        try:
            yield
        finally:
            self.finish_step()

    @property
    def is_done(self) -> bool:
        """Whether all steps were measured.

        Raises:
            RuntimeError: A step is under way.
        """
        if self._in_step:
            raise RuntimeError("`is_done` is for between two steps: one is under way")
        return self._steps >= self.skip_steps + self.profile_steps

    def _check_done(self) -> None:
        if not self.is_done:
            raise RuntimeError(
                f"not all steps are measured yet: {self._steps} of {self.skip_steps + self.profile_steps} have passed")

    @property
    def total_energy(self) -> float:
        """Of the measured steps, J. `RuntimeError` before all were measured, as for the others."""
        self._check_done()
        return self._energy

    @property
    def avg_energy(self) -> float:
        """Of one step, J."""
        return self.total_energy / self.profile_steps

    @property
    def total_time(self) -> float:
        """Of the measured steps, s."""
        self._check_done()
        return self._time

    @property
    def avg_time(self) -> float:
        """Of one step, s."""
        return self.total_time / self.profile_steps

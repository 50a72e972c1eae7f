"""Temperature over time: `TemperatureMonitor`."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from zeus import _core
from zeus.monitor.power import _check_gpu_indices, _devices

__all__ = ["TemperatureMonitor", "TemperatureSample"]


@dataclass
class TemperatureSample:
    """One reading.

    Attributes:
        timestamp: Seconds since the Unix epoch.
        gpu_index: Of which GPU.
        temperature_c: Degrees Celsius.
    """

    timestamp: float
    gpu_index: int
    temperature_c: int


class TemperatureMonitor:
    """Samples the temperature of GPUs on a thread of its own, as `PowerMonitor` does their power."""

    def __init__(
        self,
        gpu_indices: Sequence[int] | None = None,
        update_period: float = 1.0,
        max_samples_per_gpu: int | None = None,
    ) -> None:
        """Begins to sample; the first samples are there when it returns.

        Args:
            gpu_indices: Which GPUs. `None`: all.
            update_period: Between two samples, s.
            max_samples_per_gpu: How many runs of equal samples are kept for each GPU. `None`: 65536.

        Raises:
            ValueError: No GPUs, or a period that is not above 0.
            IndexError: There is no such GPU.
            ZeusGPUInitError: No GPU can be used.
        """
        if max_samples_per_gpu is not None and max_samples_per_gpu < 1:
            raise ValueError(f"max_samples_per_gpu: expected at least 1, found {max_samples_per_gpu}")
        self.gpu_indices = _check_gpu_indices(gpu_indices)
        self.update_period = update_period
        self._samples = _core.TemperatureSamples(_devices(self.gpu_indices), update_period, max_samples_per_gpu)
        _sampling.add(self)

    def stop(self) -> None:
        """Ends sampling; what was sampled can still be asked for. May be repeated."""
        self._samples.stop()

    def get_temperature_timeline(
        self,
        gpu_index: int | None = None,
        start_time: float | None = None,
        end_time: float | None = None,
    ) -> dict[int, list[tuple[float, int]]]:
        """The samples.

        Args:
            gpu_index: Of one GPU. `None`: of all.
            start_time: The earliest, s since the Unix epoch. `None`: since sampling began.
            end_time: The latest. `None`: up to now.

        Returns:
            For each GPU pairs of time, s, and temperature, degrees Celsius. A GPU that is not sampled is left out.
        """
        return {
            index: [(time, round(value)) for time, value in self._samples.timeline(place, start_time, end_time)]
            for place, index in enumerate(self.gpu_indices)
            if gpu_index is None or index == gpu_index
        }

    def get_temperature(self, time: float | None = None) -> dict[int, int] | None:
        """The temperature at a time: that of the nearest sample.

        Args:
            time: When, s. `None`: the last sample.

        Returns:
            Degrees Celsius for each GPU; `None` while some GPU has no sample.
        """
        temperatures: dict[int, int] = {}
        for place, index in enumerate(self.gpu_indices):
            temperature = self._samples.temperature(place, time)
            if temperature is None:
                return None
            temperatures[index] = round(temperature)
        return temperatures


# Their threads must not read GPUs while the libraries under them are taken down.
_sampling: weakref.WeakSet[TemperatureMonitor] = weakref.WeakSet()


@atexit.register
def _stop_sampling() -> None:
    for monitor in list(_sampling):
        monitor.stop()

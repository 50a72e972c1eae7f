"""Power over time: `PowerMonitor`."""

from __future__ import annotations

import atexit
import logging
import warnings
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from zeus import _core
from zeus.device.gpu import get_gpus

__all__ = ["PowerDomain", "PowerMonitor", "PowerSample", "infer_counter_update_period"]

logger = logging.getLogger(__name__)


class PowerDomain(Enum):
    """Which of a GPU's power figures."""

    DEVICE_INSTANT = "device_instant"
    DEVICE_AVERAGE = "device_average"
    MEMORY_AVERAGE = "memory_average"


@dataclass
class PowerSample:
    """One reading.

    Attributes:
        timestamp: Seconds since the Unix epoch.
        gpu_index: Of which GPU.
        power_mw: mW.
    """

    timestamp: float
    gpu_index: int
    power_mw: float


_SENSORS = {
    PowerDomain.DEVICE_INSTANT: _core.PowerSensor.INSTANT,
    PowerDomain.DEVICE_AVERAGE: _core.PowerSensor.AVERAGE,
    PowerDomain.MEMORY_AVERAGE: _core.PowerSensor.MEMORY_AVERAGE,
}


def _supports(device: _core.Gpu, domain: PowerDomain) -> bool:
    if domain is PowerDomain.DEVICE_INSTANT:
        return device.has_instant_power
    if domain is PowerDomain.DEVICE_AVERAGE:
        return device.has_average_power
    return device.has_memory_power


def _check_gpu_indices(gpu_indices: Sequence[int] | None) -> list[int]:
    """The GPUs to sample, of those of this process."""
    if gpu_indices is not None and not gpu_indices:
        raise ValueError("`gpu_indices` must be either `None` or non-empty")
    count = len(get_gpus())
    indices = list(range(count)) if gpu_indices is None else list(gpu_indices)
    if not indices:
        raise ValueError("At least one GPU index must be specified")
    for index in indices:
        if not 0 <= index < count:
            raise IndexError(f"gpu_indices: there is no GPU {index}: this process sees {count}")
        if indices.count(index) > 1:
            raise ValueError(f"gpu_indices: GPU {index} is named twice")
    return indices


def _devices(gpu_indices: Sequence[int]) -> list[_core.Gpu]:
    gpus = get_gpus().gpus
    return [gpus[index]._device for index in gpu_indices]


def infer_counter_update_period(gpu_indices: Sequence[int]) -> float:
    """How often to sample these GPUs so that no new value is missed, s: half of the shortest period of their sensors.

    Args:
        gpu_indices: Which.

    Returns:
        Between 0.005 and 0.1 s.
    """
    return _core.infer_sampling_period(_devices(gpu_indices))


class PowerMonitor:
    """Samples the power of GPUs on a thread of its own, until `stop` or until it goes away.

    Samples that show the same value one after another are kept as the first and the last of them. Energy is integrated
    by the trapezoid rule, with the nearest sample's power held at the edges: a constant power is not 0 J.

    Times are seconds since the Unix epoch, as `time.time()` says, by a clock that is not set meanwhile. Thread-safe. In
    a process forked from the one that made it every call is a `RuntimeError`.
    """

    def __init__(
        self,
        gpu_indices: Sequence[int] | None = None,
        update_period: float | None = None,
        max_samples_per_gpu: int | None = None,
        power_domains: Sequence[PowerDomain | str] | None = None,
    ) -> None:
        """Begins to sample; the first samples are there when it returns.

        Args:
            gpu_indices: Which GPUs. `None`: all.
            update_period: Between two samples, s. `None`: as often as the sensors change.
            max_samples_per_gpu: How many runs of equal samples are kept for each GPU and domain; past it the oldest
                are given up. `None`: 65536.
            power_domains: Which figures. `None`: all that the GPUs have.

        Raises:
            ValueError: No GPUs, no domains, a domain that is unknown or that a GPU lacks, or a period that is not
                above 0.
            IndexError: There is no such GPU.
            ZeusGPUInitError: No GPU can be used.
        """
        if power_domains is not None and not power_domains:
            raise ValueError("`power_domains` must be either `None` or non-empty")
        if max_samples_per_gpu is not None and max_samples_per_gpu < 1:
            raise ValueError(f"max_samples_per_gpu: expected at least 1, found {max_samples_per_gpu}")
        self.gpu_indices = _check_gpu_indices(gpu_indices)
        devices = _devices(self.gpu_indices)
        self.power_domains = self._choose_domains(devices, power_domains)
        if update_period is None:
            update_period = infer_counter_update_period(self.gpu_indices)
        elif 0 < update_period < 0.05:
            warnings.warn(
                f"update_period: {update_period} s is shorter than most power sensors' own period", stacklevel=2)
        self.update_period = update_period
        self._samples = _core.PowerSamples(
            devices, [_SENSORS[domain] for domain in self.power_domains], update_period, max_samples_per_gpu)
        _sampling.add(self)

    @staticmethod
    def _choose_domains(
        devices: Sequence[_core.Gpu], wanted: Sequence[PowerDomain | str] | None,
    ) -> list[PowerDomain]:
        supported = [domain for domain in PowerDomain if all(_supports(device, domain) for device in devices)]
        if wanted is None:
            if not supported:
                raise ValueError("No power domain is supported by all of the current GPUs.")
            return supported
        domains = list(dict.fromkeys(PowerDomain(domain) for domain in wanted))
        for domain in domains:
            if domain not in supported:
                raise ValueError(
                    f"Requested power domain {domain} is not supported by the current GPUs. "
                    f"Supported domains are: {supported}")
        if PowerDomain.DEVICE_INSTANT not in domains:
            logger.info("instant power is not monitored")
        return domains

    def _sensor(self, domain: PowerDomain | str) -> _core.PowerSensor:
        domain = PowerDomain(domain)
        if domain not in self.power_domains:
            raise ValueError(
                f"Power domain {domain} is not being monitored. Monitored domains: {self.power_domains}")
        return _SENSORS[domain]

    def stop(self) -> None:
        """Ends sampling; what was sampled can still be asked for. May be repeated."""
        self._samples.stop()

    def get_power_timeline(
        self,
        power_domain: PowerDomain | str,
        gpu_index: int | None = None,
        start_time: float | None = None,
        end_time: float | None = None,
    ) -> dict[int, list[tuple[float, float]]]:
        """The samples of one domain.

        Args:
            power_domain: Which.
            gpu_index: Of one GPU. `None`: of all.
            start_time: The earliest. `None`: since sampling began.
            end_time: The latest. `None`: up to now.

        Returns:
            For each GPU pairs of time, s, and power, W. A GPU that is not sampled is left out.

        Raises:
            ValueError: The domain is not sampled.
        """
        sensor = self._sensor(power_domain)
        return {
            index: self._samples.timeline(place, sensor, start_time, end_time)
            for place, index in enumerate(self.gpu_indices)
            if gpu_index is None or index == gpu_index
        }

    def get_all_power_timelines(
        self,
        gpu_index: int | None = None,
        start_time: float | None = None,
        end_time: float | None = None,
    ) -> dict[str, dict[int, list[tuple[float, float]]]]:
        """The samples of every domain, by its name; else as `get_power_timeline`."""
        return {
            domain.value: self.get_power_timeline(domain, gpu_index, start_time, end_time)
            for domain in self.power_domains
        }

    def get_energy(
        self, start_time: float, end_time: float, power_domain: PowerDomain | str | None = None,
    ) -> dict[int, float] | None:
        """The energy between two times.

        Args:
            start_time: From, s.
            end_time: To, s.
            power_domain: By which figure. `None`: instant, or else average power of the device.

        Returns:
            J for each GPU; `None` while some GPU has no sample.

        Raises:
            ValueError: The end is before the start, the domain is not sampled, or no figure of the device is.
        """
        if not start_time <= end_time:
            raise ValueError(f"end_time: expected a time not before start_time ({start_time}), found {end_time}")
        if power_domain is None:
            for domain in (PowerDomain.DEVICE_INSTANT, PowerDomain.DEVICE_AVERAGE):
                if domain in self.power_domains:
                    power_domain = domain
                    break
            else:
                raise ValueError(
                    f"Neither {PowerDomain.DEVICE_INSTANT} nor {PowerDomain.DEVICE_AVERAGE} is being monitored. "
                    "Cannot compute energy usage.")
        sensor = self._sensor(power_domain)
        energies: dict[int, float] = {}
        for place, index in enumerate(self.gpu_indices):
            energy = self._samples.energy(place, sensor, start_time, end_time)
            if energy is None:
                return None
            energies[index] = energy
        return energies

    def get_power(
        self, time: float | None = None, power_domain: PowerDomain | str = PowerDomain.DEVICE_INSTANT,
    ) -> dict[int, float] | None:
        """The power at a time: that of the nearest sample, the earlier of two that are as near.

        Args:
            time: When, s. `None`: the last sample.
            power_domain: Which figure.

        Returns:
            W for each GPU; `None` while some GPU has no sample.

        Raises:
            ValueError: The domain is not sampled.
        """
        sensor = self._sensor(power_domain)
        powers: dict[int, float] = {}
        for place, index in enumerate(self.gpu_indices):
            power = self._samples.power(place, sensor, time)
            if power is None:
                return None
            powers[index] = power
        return powers


# Their threads must not read GPUs while the libraries under them are taken down.
_sampling: weakref.WeakSet[PowerMonitor] = weakref.WeakSet()


@atexit.register
def _stop_sampling() -> None:
    for monitor in list(_sampling):
        monitor.stop()

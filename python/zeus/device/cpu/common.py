"""One processor package, several, none; and what can go wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zeus import _core
from zeus.device.exception import ZeusBaseCPUError

__all__ = [
    "CPU",
    "CPUs",
    "CpuDramMeasurement",
    "EmptyCPUs",
    "ZeusCPUInitError",
    "ZeusCPUNoPermissionError",
    "ZeusCPUNotFoundError",
]


class ZeusCPUInitError(ZeusBaseCPUError):
    """No processor's energy can be read on this machine."""


class ZeusCPUNoPermissionError(ZeusBaseCPUError):
    """This process may not read the energy counters; the message says who may."""


class ZeusCPUNotFoundError(ZeusBaseCPUError):
    """There is no such processor or counter."""


@dataclass
class CpuDramMeasurement:
    """Energy of a package and of the memory attached to it.

    Attributes:
        cpu_mj: Of the package, mJ.
        dram_mj: Of its memory, mJ; `None` where there is no such counter.
    """

    cpu_mj: float
    dram_mj: float | None = None

    def __sub__(self, other: CpuDramMeasurement) -> CpuDramMeasurement:
        """Returns the difference; memory that only one of the two has counts as 0 in the other."""
        if self.dram_mj is None and other.dram_mj is None:
            dram_mj = None
        else:
            dram_mj = (self.dram_mj or 0.0) - (other.dram_mj or 0.0)
        return CpuDramMeasurement(self.cpu_mj - other.cpu_mj, dram_mj)

    def __truediv__(self, divisor: float) -> CpuDramMeasurement:
        """Returns both figures divided by a number.

        Raises:
            ZeroDivisionError: It is 0.
        """
        if not isinstance(divisor, (int, float)):
            return NotImplemented
        if divisor == 0:
            raise ZeroDivisionError("Division by zero is not allowed")
        return CpuDramMeasurement(self.cpu_mj / divisor, None if self.dram_mj is None else self.dram_mj / divisor)


class CPU:
    """One processor package (a socket), by Linux's powercap (RAPL)."""

    def __init__(self, cpu_index: int, device: _core.Cpu) -> None:
        """Wraps a device of the library; `zeus.device.get_cpus` does that.

        Args:
            cpu_index: The number that it has in this process.
            device: The library's.
        """
        self.cpu_index = cpu_index
        self._device = device

    def get_total_energy_consumption(self) -> CpuDramMeasurement:
        """Energy since some moment before, mJ: differences are what counts. Wrapping counters are seen to.

        Raises:
            ZeusBaseCPUError: One of its subclasses, when the counter cannot be read any more.
        """
        return CpuDramMeasurement(*self._device.energy())

    def supports_get_dram_energy_consumption(self) -> bool:
        """Whether its memory is counted apart."""
        return self._device.has_dram


class CPUs:
    """The processor packages of this machine, numbered from 0 by their number in powercap."""

    def __init__(self, cpus: Sequence[CPU]) -> None:
        """Puts packages together.

        Args:
            cpus: Them.
        """
        self._cpus = list(cpus)

    @property
    def cpus(self) -> Sequence[CPU]:
        """Them, in order."""
        return self._cpus

    def __len__(self) -> int:
        """Returns how many there are."""
        return len(self._cpus)

    def _cpu(self, index: int) -> CPU:
        if not 0 <= index < len(self._cpus):
            raise IndexError(f"index: expected a CPU from 0 to {len(self._cpus) - 1}, found {index}")
        return self._cpus[index]

    def get_total_energy_consumption(self, index: int) -> CpuDramMeasurement:
        """Energy since some moment before, mJ."""
        return self._cpu(index).get_total_energy_consumption()

    def supports_get_dram_energy_consumption(self, index: int) -> bool:
        """Whether this package's memory is counted apart."""
        return self._cpu(index).supports_get_dram_energy_consumption()


class EmptyCPUs(CPUs):
    """No processor whose energy can be read. Every reading is a `ValueError`."""

    def __init__(self) -> None:
        """Makes it."""
        super().__init__([])

    def _cpu(self, index: int) -> CPU:
        raise ValueError("No CPUs available.")

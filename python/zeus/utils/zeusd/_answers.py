"""What a daemon tells, as Python values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CpuDramPower", "CpuEnergyResult", "CpuInfo", "CpuPowerSnapshot", "GpuInfo", "GpuPowerSnapshot"]


@dataclass(frozen=True)
class GpuInfo:
    """A GPU of the node.

    Attributes:
        id: Its number, in the vendor's order.
        name: Its model.
        pci_address: Where it is plugged in, such as "0000:01:00.0".
        cumulative_energy_available: Whether it counts its energy.
    """

    id: int
    name: str
    pci_address: str
    cumulative_energy_available: bool


@dataclass(frozen=True)
class CpuInfo:
    """A processor package of the node.

    Attributes:
        id: Its number.
        dram_available: Whether the energy of its memory is counted.
    """

    id: int
    dram_available: bool


@dataclass(frozen=True)
class GpuPowerSnapshot:
    """The power of GPUs.

    Attributes:
        timestamp_ms: When, by the node's clock: milliseconds since the Unix epoch.
        power_mw: By the GPU's number, mW.
    """

    timestamp_ms: int
    power_mw: dict[int, int]


@dataclass(frozen=True)
class CpuDramPower:
    """The power of a processor package.

    Attributes:
        cpu_mw: Its own, mW.
        dram_mw: Its memory's, mW; `None` where that is not counted.
    """

    cpu_mw: int
    dram_mw: int | None


@dataclass(frozen=True)
class CpuPowerSnapshot:
    """The power of processor packages.

    Attributes:
        timestamp_ms: When, by the node's clock: milliseconds since the Unix epoch.
        power_mw: By the package's number.
    """

    timestamp_ms: int
    power_mw: dict[int, CpuDramPower]


@dataclass(frozen=True)
class CpuEnergyResult:
    """The energy of a processor package since some moment.

    Attributes:
        cpu_energy_uj: Its own, uJ; `None` where it was not asked for.
        dram_energy_uj: Its memory's, uJ; `None` where it was not asked for or is not counted.
    """

    cpu_energy_uj: int | None
    dram_energy_uj: int | None

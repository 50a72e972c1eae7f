"""RAPL, the energy counters of Linux's powercap: what can go wrong, and processors that the node daemon reads."""

from __future__ import annotations

from zeus.device._refusals import by_daemon
from zeus.device.cpu.common import CPU
from zeus.device.exception import ZeusBaseCPUError

__all__ = ["ZeusRAPLFileInitError", "ZeusRAPLNotSupportedError", "ZeusRAPLPermissionError", "ZeusdRAPLCPU"]


class ZeusRAPLNotSupportedError(ZeusBaseCPUError):
    """This machine has no RAPL, or no zone for a processor."""


class ZeusRAPLFileInitError(ZeusBaseCPUError):
    """A counter's file does not hold what it should."""


class ZeusRAPLPermissionError(ZeusBaseCPUError):
    """A counter's file may not be read."""


class ZeusdRAPLCPU(CPU):
    """A processor that the node daemon reads, since this process may not; `zeus.device.get_cpus` makes it.

    Where that fails, the error is a `ZeusdError` besides what else it is.
    """

    get_total_energy_consumption = by_daemon(CPU.get_total_energy_consumption)

"""What can go wrong with RAPL, the energy counters of Linux's powercap."""

from __future__ import annotations

from zeus.device.exception import ZeusBaseCPUError

__all__ = ["ZeusRAPLFileInitError", "ZeusRAPLNotSupportedError", "ZeusRAPLPermissionError"]


class ZeusRAPLNotSupportedError(ZeusBaseCPUError):
    """This machine has no RAPL, or no zone for a processor."""


class ZeusRAPLFileInitError(ZeusBaseCPUError):
    """A counter's file does not hold what it should."""


class ZeusRAPLPermissionError(ZeusBaseCPUError):
    """A counter's file may not be read."""

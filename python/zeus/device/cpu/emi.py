"""Exceptions of Windows' energy meter interface, for scripts that catch them: this package does not use it."""

from __future__ import annotations

from zeus.device.exception import ZeusBaseCPUError

__all__ = ["ZeusEMIInitError", "ZeusEMINotSupportedError"]


class ZeusEMINotSupportedError(ZeusBaseCPUError):
    """This machine has no energy meter."""


class ZeusEMIInitError(ZeusBaseCPUError):
    """The energy meter cannot be opened."""

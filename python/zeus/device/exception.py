"""What exceptions of devices derive from."""

from __future__ import annotations

from zeus.exception import ZeusBaseError

__all__ = ["ZeusBaseCPUError", "ZeusBaseGPUError", "ZeusBaseSoCError", "ZeusdError"]


class ZeusBaseGPUError(ZeusBaseError):
    """Something about a GPU."""


class ZeusBaseCPUError(ZeusBaseError):
    """Something about a processor."""


class ZeusBaseSoCError(ZeusBaseError):
    """Something about a system on a chip."""


class ZeusdError(ZeusBaseGPUError):
    """The node's daemon refused a request."""

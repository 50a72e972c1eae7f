"""What can go wrong with a node's daemon."""

from __future__ import annotations

from zeus.device.exception import ZeusdError
from zeus.exception import ZeusBaseError

__all__ = ["ZeusdAuthError", "ZeusdCapabilityError", "ZeusdConnectionError", "ZeusdError"]


class ZeusdConnectionError(ZeusBaseError):
    """The daemon cannot be reached, or what answers there is none."""


class ZeusdAuthError(ZeusBaseError):
    """The daemon does not know the token."""


class ZeusdCapabilityError(ZeusBaseError):
    """The daemon does not offer, or not to this token, what is asked for."""

"""NVIDIA's Jetson: the exception, for scripts that catch it."""

from __future__ import annotations

from zeus.device.soc.common import ZeusSoCInitError

__all__ = ["ZeusJetsonInitError"]


class ZeusJetsonInitError(ZeusSoCInitError):
    """A Jetson's power sensors cannot be opened."""

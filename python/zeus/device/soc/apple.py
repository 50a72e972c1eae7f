"""Apple's systems on a chip: the exception, for scripts that catch it."""

from __future__ import annotations

from zeus.device.soc.common import ZeusSoCInitError

__all__ = ["ZeusAppleInitError"]


class ZeusAppleInitError(ZeusSoCInitError):
    """Apple's energy counters cannot be opened."""

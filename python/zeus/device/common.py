"""What this process may do."""

from __future__ import annotations

from functools import lru_cache

from zeus import _core

__all__ = ["has_sys_admin"]


@lru_cache(maxsize=1)
def has_sys_admin() -> bool:
    """Whether this process has CAP_SYS_ADMIN, which GPU drivers want of whoever changes settings.

    Source: capabilities(7); the line CapEff of /proc/self/status.
    """
    return _core.has_sys_admin()

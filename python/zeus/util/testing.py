"""`zeus.utils.testing`, under the name it had before."""

from __future__ import annotations

from zeus.utils.testing import ReplayZeusMonitor

__all__ = ["ReplayZeusMonitor"]

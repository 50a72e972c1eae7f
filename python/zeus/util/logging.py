"""`zeus.utils.logging`, under the name it had before."""

from __future__ import annotations

from zeus.utils.logging import FileAndConsole

__all__ = ["FileAndConsole"]

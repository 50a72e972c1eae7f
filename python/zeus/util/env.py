"""`zeus.utils.env`, under the name it had before."""

from __future__ import annotations

from zeus.utils.env import get_env

__all__ = ["get_env"]

"""Profiling whole training jobs: `zeus.profile.torch`."""

from __future__ import annotations

__all__: list[str] = []

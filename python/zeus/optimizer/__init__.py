"""Optimizers that follow a training loop: `zeus.optimizer.power_limit`."""

from __future__ import annotations

__all__: list[str] = []

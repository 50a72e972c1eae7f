"""A small network."""

from __future__ import annotations

from torch import nn


def make() -> nn.Module:
    """From pictures of shape (n, 1, 8, 8) to the scores of the ten digits, shape (n, 10)."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))

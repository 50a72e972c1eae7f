"""`zeus.utils.lr_scaler` under its older name."""

from __future__ import annotations

from zeus.utils.lr_scaler import LinearScaler, SquareRootScaler

__all__ = ["LinearScaler", "SquareRootScaler"]

"""The helpers of `zeus.utils` under the names that they had up to version 0.3 of the published package."""

from __future__ import annotations

from zeus.utils.lr_scaler import LinearScaler, SquareRootScaler
from zeus.utils.metric import ZeusCostThresholdExceededException, zeus_cost

__all__ = ["LinearScaler", "SquareRootScaler", "ZeusCostThresholdExceededException", "zeus_cost"]

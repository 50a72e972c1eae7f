"""`zeus.utils.metric` under its older name."""

from __future__ import annotations

from zeus.utils.metric import ZeusCostThresholdExceededException, zeus_cost

__all__ = ["ZeusCostThresholdExceededException", "zeus_cost"]

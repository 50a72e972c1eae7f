"""`zeus.utils.metric` under its older name."""

from __future__ import annotations

from zeus.utils.metric import zeus_cost

__all__ = ["zeus_cost"]

"""Policies: which batch size and which power limit a recurring job runs at.

`BatchSizeOptimizer` and `PowerLimitOptimizer` are the interfaces; a class of your own that implements one takes the
place of a built-in one in `zeus.simulate.Simulator` and, for batch sizes, in `zeus.run.ZeusMaster`.
"""

from __future__ import annotations

from zeus.policy.interface import BatchSizeOptimizer, PowerLimitOptimizer
from zeus.policy.optimizer import JITPowerLimitOptimizer, PruningGTSBatchSizeOptimizer

__all__ = ["BatchSizeOptimizer", "JITPowerLimitOptimizer", "PowerLimitOptimizer", "PruningGTSBatchSizeOptimizer"]

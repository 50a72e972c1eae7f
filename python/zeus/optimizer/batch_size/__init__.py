"""The batch-size service's client: `BatchSizeOptimizer` asks it for a batch size and reports what training cost.

The service (`zeus serve`) remembers what every recurrence of a job cost. A training script makes a `JobSpec`, asks for
its batch size, and calls two hooks; see `BatchSizeOptimizer`.
"""

from __future__ import annotations

from zeus.optimizer.batch_size.client import BatchSizeOptimizer
from zeus.optimizer.batch_size.common import JobSpec

__all__ = ["BatchSizeOptimizer", "JobSpec"]

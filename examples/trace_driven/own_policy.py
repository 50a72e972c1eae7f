"""Policies of one's own, one for each interface, in plain Python."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from statistics import fmean

from zeus.job import Job
from zeus.policy import BatchSizeOptimizer, PowerLimitOptimizer


@dataclass
class Beliefs:
    """What is known of one job."""

    batch_sizes: list[int]  # Ascending; those that missed the target are taken out.
    costs: dict[int, list[float]] = field(default_factory=dict)


class EpsilonGreedy(BatchSizeOptimizer):
    """Takes the batch size that was cheapest on average, and now and then, with probability epsilon, a neighbour of it.

    It begins at the job's default. A batch size that misses the target is not tried again.
    """

    def __init__(self, epsilon: float = 0.3, seed: int = 1) -> None:
        self.epsilon = epsilon
        self.random = random.Random(seed)
        self.jobs: dict[Job, Beliefs] = {}

    @property
    def name(self) -> str:
        return "epsilon-greedy"

    def register_job(self, job: Job, batch_sizes: list[int]) -> None:
        self.jobs.setdefault(job, Beliefs(sorted(batch_sizes)))

    def predict(self, job: Job) -> int:
        known = self.jobs[job]
        if not known.costs:
            assert job.default_bs is not None
            return job.default_bs
        best = min(known.costs, key=lambda batch_size: fmean(known.costs[batch_size]))
        if self.random.random() >= self.epsilon:
            return best
        at = known.batch_sizes.index(best)
        neighbours = known.batch_sizes[max(at - 1, 0):at] + known.batch_sizes[at + 1:at + 2]
        return self.random.choice(neighbours or [best])

    def observe(self, job: Job, batch_size: int, cost: float, converged: bool | None = None) -> None:
        known = self.jobs[job]
        if converged:
            known.costs.setdefault(batch_size, []).append(cost)
        elif batch_size not in known.costs:
            known.batch_sizes = [each for each in known.batch_sizes if each != batch_size]


class AlwaysDefault(BatchSizeOptimizer):
    """The user's own batch size, whatever it costs."""

    @property
    def name(self) -> str:
        return "default"

    def register_job(self, job: Job, batch_sizes: list[int]) -> None:
        pass

    def predict(self, job: Job) -> int:
        assert job.default_bs is not None
        return job.default_bs

    def observe(self, job: Job, batch_size: int, cost: float, converged: bool | None = None) -> None:
        pass


class AlwaysHighest(PowerLimitOptimizer):
    """The highest limit, which is what a GPU runs at when nobody steers it."""

    def __init__(self, max_power: int) -> None:
        self.max_power = max_power

    @property
    def name(self) -> str:
        return "max"

    def predict(self, job: Job, batch_size: int) -> int | None:
        return self.max_power

    def observe(self, job: Job, batch_size: int, power_limit: int, cost: float) -> None:
        pass

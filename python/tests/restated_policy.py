"""The default batch-size policy once more, from its description and with NumPy: what C++ is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from zeus.job import Job
from zeus.policy import BatchSizeOptimizer


@dataclass
class JobState:
    batch_sizes: list[int]
    default: int
    rounds_left: int = 2
    walks: list[list[int]] = field(default_factory=list)  # What is left of this round's two directions.
    good: list[int] = field(default_factory=list)
    cheapest: tuple[float, int] | None = None
    rewards: dict[int, list[float]] = field(default_factory=dict)
    rng: np.random.Generator | None = None


class RestatedPolicy(BatchSizeOptimizer):
    """Pruning exploration for two rounds, then Gaussian Thompson sampling with learned reward precision."""

    def __init__(self, seed: int, window_size: int = 0) -> None:
        self.seed = seed
        self.window_size = window_size
        self.jobs: dict[Job, JobState] = {}

    @property
    def name(self) -> str:
        return "restated"

    def register_job(self, job: Job, batch_sizes: list[int]) -> None:
        assert job.default_bs is not None
        if job not in self.jobs:
            self.jobs[job] = JobState(sorted(batch_sizes), job.default_bs)
            self._begin_round(self.jobs[job])

    def predict(self, job: Job) -> int:
        state = self.jobs[job]
        if state.rounds_left > 0:
            return state.walks[0][0]
        if state.rng is None:
            state.rng = np.random.default_rng(self.seed)
        state.rng.choice(state.batch_sizes, len(state.batch_sizes), replace=False)  # Who is observed too rarely: none.
        samples = [self._sample(state, arm, state.rng) for arm in state.batch_sizes]
        return state.batch_sizes[int(np.argmax(samples))]

    def observe(self, job: Job, batch_size: int, cost: float, converged: bool | None = None) -> None:
        state = self.jobs[job]
        state.rewards.setdefault(batch_size, []).append(-cost)
        if state.rounds_left == 0:
            return
        assert state.walks[0].pop(0) == batch_size
        if converged:
            state.good.append(batch_size)
            if state.cheapest is None or cost < state.cheapest[0]:
                state.cheapest = cost, batch_size
        else:
            state.walks[0].clear()
        state.walks = [walk for walk in state.walks if walk]
        if not state.walks:
            state.batch_sizes = sorted(state.good)
            state.rounds_left -= 1
            if state.rounds_left > 0 and state.cheapest is not None:
                state.default = state.cheapest[1]
                self._begin_round(state)

    @staticmethod
    def _begin_round(state: JobState) -> None:
        at = state.batch_sizes.index(state.default)
        walks = [state.batch_sizes[at::-1], state.batch_sizes[at + 1:]]
        state.walks = [walk for walk in walks if walk]
        state.good = []
        state.cheapest = None

    def _sample(self, state: JobState, arm: int, rng: np.random.Generator) -> float:
        rewards = np.array(state.rewards[arm][-self.window_size:])
        variance = np.var(rewards)
        if variance == 0:
            return float(rng.normal(rewards.mean(), 0))
        precision = len(rewards) * (1 / variance)
        return float(rng.normal((1 / variance) * rewards.sum() / precision, 1 / np.sqrt(precision)))

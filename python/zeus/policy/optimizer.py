"""The policies of the paper, and their parts.

They decide in C++. One that is neither subclassed nor verbose is used by simulations and runs without Python.
"""

from __future__ import annotations

import math
from typing import ClassVar

from zeus import _core
from zeus._arguments import flag, integer, number
from zeus.job import Job
from zeus.policy.interface import BatchSizeOptimizer, PowerLimitOptimizer

__all__ = [
    "GTSBatchSizeOptimizer",
    "JITPowerLimitOptimizer",
    "PruningExploreManager",
    "PruningGTSBatchSizeOptimizer",
]


def _not_made(self: object) -> RuntimeError:
    return RuntimeError(f"{type(self).__name__}: its __init__ did not call super().__init__()")


class _BuiltInBatchSizeOptimizer(BatchSizeOptimizer):
    """A batch-size policy whose beliefs are C++'s."""

    _name: ClassVar[str]
    verbose: bool

    def _begin(self, beliefs: _core.BatchSizeBeliefs, verbose: bool) -> None:
        self._beliefs = beliefs
        self.verbose = flag("verbose", verbose)

    @property
    def _learned(self) -> _core.BatchSizeBeliefs:
        if "_beliefs" not in self.__dict__:
            raise _not_made(self)
        return self._beliefs

    def _native(self) -> _core.BatchSizeBeliefs | None:
        # What C++ uses in this object's place: a subclass may decide otherwise, and a log is Python's to print.
        if type(self) not in (PruningGTSBatchSizeOptimizer, GTSBatchSizeOptimizer) or self.verbose:
            return None
        return self._learned

    @property
    def name(self) -> str:
        """The policy's name, for logs."""
        return self._name

    def register_job(self, job: Job, batch_sizes: list[int]) -> None:
        """Makes a job known. Registering it again keeps what was learned.

        Args:
            job: The job.
            batch_sizes: The batch sizes that may be chosen, each once, in any order.

        Raises:
            ValueError: No batch sizes, one of them below 1, the job's default not among them, or other ones than the
                job was registered with before.
        """
        self._learned.register_job(job, batch_sizes)
        if self.verbose:
            self._log(f"registered {job} with batch sizes {sorted(batch_sizes)}")

    def predict(self, job: Job) -> int:
        """The batch size of the job's next run.

        Raises:
            RuntimeError: The job was never registered.
            ValueError: Exploration left no batch size.
        """
        batch_size = self._learned.predict(job)
        if self.verbose:
            self._log(f"{job} -> batch size {batch_size}")
        return batch_size

    def observe(self, job: Job, batch_size: int, cost: float, converged: bool | None = None) -> None:
        """Learns from a run.

        Args:
            job: The job that ran.
            batch_size: The batch size it ran at.
            cost: What the run cost, in joules; 0 or more.
            converged: Whether it reached its target.

        Raises:
            RuntimeError: The job was never registered, or the policy waits for the result of another run.
            ValueError: The batch size is not one of the job's, the cost is none, or `converged` is missing where it
                matters.
        """
        self._learned.observe(job, batch_size, cost, bool(converged))
        if self.verbose:
            reached = "" if converged is None else ", reached" if converged else ", not reached"
            self._log(f"{job} @ {batch_size}: cost {cost:.2f}{reached}")


class GTSBatchSizeOptimizer(_BuiltInBatchSizeOptimizer):
    """Gaussian Thompson sampling over all batch sizes of a job, without exploration before it."""

    _name = "GaussianTS BSO"

    def __init__(
        self,
        learn_reward_precision: bool,
        reward_precision: float = 0.0,
        prior_mean: float = 0.0,
        prior_precision: float = 0.0,
        num_exploration: int = 1,
        seed: int = 123456,
        verbose: bool = True,
    ) -> None:
        """Makes a policy that knows no job.

        Args:
            learn_reward_precision: Takes 1 / variance of a batch size's rewards for their precision.
            reward_precision: Their precision otherwise.
            prior_mean: Mean of the belief about a batch size's reward (minus cost) before any run.
            prior_precision: Precision of that belief.
            num_exploration: A batch size with fewer runs than this is chosen before any is sampled.
            seed: Of each job's random stream.
            verbose: Prints what is registered, chosen and observed.
        """
        self.learn_reward_precision = flag("learn_reward_precision", learn_reward_precision)
        self.reward_precision = number("reward_precision", reward_precision)
        self.prior_mean = number("prior_mean", prior_mean)
        self.prior_precision = number("prior_precision", prior_precision)
        self.num_exploration = integer("num_exploration", num_exploration, least=0)
        self.seed = integer("seed", seed, least=0)
        self._begin(_core.BatchSizeBeliefs.thompson(
            reward_precision=None if self.learn_reward_precision else self.reward_precision,
            prior_mean=self.prior_mean, prior_precision=self.prior_precision, num_exploration=self.num_exploration,
            seed=self.seed), verbose)


class PruningExploreManager:
    """Finds out which batch sizes reach the target with few runs: see `PruningGTSBatchSizeOptimizer`.

    Ask `next_batch_size`, run, and tell `report_batch_size_result`, in turns. Not for several threads at once.
    """

    def __init__(self, batch_sizes: list[int], default: int, num_pruning_rounds: int = 2) -> None:
        """Begins an exploration.

        Args:
            batch_sizes: The batch sizes to explore, each once.
            default: Where each round begins; one of `batch_sizes`.
            num_pruning_rounds: How many rounds; 1 or more.

        Raises:
            ValueError: `default` is not among the batch sizes, or they are not positive and each once.
        """
        self.num_pruning_rounds = integer("num_pruning_rounds", num_pruning_rounds)
        self._exploration = _core.PruningExploration(batch_sizes, default, self.num_pruning_rounds)

    @property
    def batch_sizes(self) -> list[int]:
        """The batch sizes of this round, ascending; after the last round, those that survived."""
        return self._exploration.batch_sizes

    @property
    def default(self) -> int:
        """The batch size at which this round began."""
        return self._exploration.default_batch_size

    @property
    def expecting(self) -> int:
        """The batch size whose result is awaited next; 0 when exploration is over."""
        return self._exploration.next() or 0

    def next_batch_size(self) -> int:
        """The batch size to run next.

        Raises:
            StopIteration: Exploration is over; its `value` is the list of the batch sizes that survived, ascending.
        """
        batch_size = self._exploration.next()
        if batch_size is None:
            raise StopIteration(self.batch_sizes)
        return batch_size

    def report_batch_size_result(self, batch_size: int, cost: float, reached: bool) -> None:
        """Tells how the run at the batch size that `next_batch_size` named went.

        Args:
            batch_size: That batch size.
            cost: What the run cost, in joules.
            reached: Whether it reached the target.

        Raises:
            RuntimeError: The batch size is another one, or none is awaited.
        """
        self._exploration.report(batch_size, cost, flag("reached", reached))


class PruningGTSBatchSizeOptimizer(_BuiltInBatchSizeOptimizer):
    """The paper's policy and the default: two rounds of pruning exploration, then Thompson sampling of the survivors.

    A round walks from the default batch size down, then from the one above it up; in a direction, the first batch size
    that misses the target ends it. The cheapest that reached it is the next round's default. Then each survivor is an
    arm whose reward precision is learned. Source: Zeus (NSDI'23), section 4.
    """

    _name = "Pruning GaussianTS BSO"

    def __init__(
        self,
        prior_mean: float = 0.0,
        prior_precision: float = 0.0,
        window_size: int = 0,
        concurrency: bool = False,
        seed: int = 123456,
        verbose: bool = True,
    ) -> None:
        """Makes a policy that knows no job.

        Args:
            prior_mean: Mean of the belief about a batch size's reward (minus cost) before any run.
            prior_precision: Precision of that belief.
            window_size: How many of a batch size's latest runs count, for data that drifts; 0: all.
            concurrency: Several runs may be under way at once, so that results come back in another order than they
                were asked for.
            seed: Of each job's random stream.
            verbose: Prints what is registered, chosen and observed.
        """
        self.prior_mean = number("prior_mean", prior_mean)
        self.prior_precision = number("prior_precision", prior_precision)
        self.window_size = integer("window_size", window_size, least=0)
        self.concurrency = flag("concurrency", concurrency)
        self.seed = integer("seed", seed, least=0)
        for argument, value in (("prior_mean", self.prior_mean), ("prior_precision", self.prior_precision)):
            if math.isinf(value):
                raise ValueError(f"{argument}: expected a finite number, not {value}")
        self._begin(_core.BatchSizeBeliefs.pruned_thompson(
            prior_mean=self.prior_mean, prior_precision=self.prior_precision, window_size=self.window_size,
            concurrency=self.concurrency, seed=self.seed), verbose)

    def register_job(self, job: Job, batch_sizes: list[int]) -> None:
        """As the interface says; the job needs a default batch size, one of `batch_sizes`."""
        if isinstance(job, Job) and job.default_bs is None:
            raise ValueError(f"job.default_bs: {job} has no default batch size to begin exploration at")
        super().register_job(job, batch_sizes)

    def observe(self, job: Job, batch_size: int, cost: float, converged: bool | None = None) -> None:
        """As the interface says; while batch sizes are explored, `converged` must be known."""
        if converged is None and self._learned.is_exploring(job):
            raise ValueError("converged: expected True or False while batch sizes are explored, not None")
        super().observe(job, batch_size, cost, converged)


class JITPowerLimitOptimizer(PowerLimitOptimizer):
    """Has the limits of each batch size profiled once, just in time, and then takes the cheapest.

    The first observed wins a tie. Source: Zeus (NSDI'23), section 4.2.
    """

    def __init__(self, verbose: bool = True) -> None:
        """Makes a policy that has seen no profile.

        Args:
            verbose: Prints what is chosen.
        """
        self.verbose = flag("verbose", verbose)
        self._beliefs = _core.PowerLimitBeliefs()

    @property
    def _learned(self) -> _core.PowerLimitBeliefs:
        if "_beliefs" not in self.__dict__:
            raise _not_made(self)
        return self._beliefs

    def _native(self) -> _core.PowerLimitBeliefs | None:
        if type(self) is not JITPowerLimitOptimizer or self.verbose:
            return None
        return self._learned

    @property
    def name(self) -> str:
        """The policy's name, for logs."""
        return "JITPSO"

    def predict(self, job: Job, batch_size: int) -> int | None:
        """The cheapest limit in watts that was observed for the job and batch size; None before any was."""
        limit = self._learned.predict(job, batch_size)
        if self.verbose:
            self._log(f"{job} @ {batch_size} -> {'profile first' if limit is None else f'{limit} W'}")
        return limit

    def observe(self, job: Job, batch_size: int, power_limit: int, cost: float) -> None:
        """Learns what an epoch costs at a limit.

        Args:
            job: The job.
            batch_size: The batch size.
            power_limit: The limit in watts.
            cost: The cost of an epoch in joules; 0 or more.

        Raises:
            ValueError: The limit or the cost is no such number.
        """
        self._learned.observe(job, batch_size, power_limit, cost)

"""What a policy of your own implements.

The C++ recurrence loop and simulator call these methods, one at a time; an exception that a method raises ends the run
and arrives at whoever started it. A simulation works on a deep copy of the policies it is given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from zeus.job import Job

__all__ = ["BatchSizeOptimizer", "PowerLimitOptimizer"]


class BatchSizeOptimizer(ABC):
    """Chooses a batch size for each run of a job and learns from what the run cost."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The policy's name, for logs."""

    @abstractmethod
    def register_job(self, job: Job, batch_sizes: list[int]) -> None:
        """Makes a job known before its first run. What is known of other jobs stays as it is.

        Args:
            job: The job, which can be a dictionary's key.
            batch_sizes: The batch sizes that `predict` may choose, ascending.
        """

    @abstractmethod
    def predict(self, job: Job) -> int:
        """The batch size of the job's next run: one of those it was registered with."""

    @abstractmethod
    def observe(self, job: Job, batch_size: int, cost: float, converged: bool | None = None) -> None:
        """Learns from a run.

        Args:
            job: The job that ran.
            batch_size: The batch size it ran at.
            cost: What the run cost, in joules (`zeus.utils.metric.zeus_cost`).
            converged: Whether it reached its target. A run that was stopped because it cost too much, or at the job's
                max_epochs, did not. None for policies that do not ask.
        """

    def _log(self, message: str) -> None:
        print(f"[{self.name}] {message}")


class PowerLimitOptimizer(ABC):
    """Chooses a power limit for a job and a batch size and learns from profiling."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The policy's name, for logs."""

    @abstractmethod
    def predict(self, job: Job, batch_size: int) -> int | None:
        """The power limit in watts for a run at a batch size; None when limits have to be profiled first.

        Args:
            job: The job that will run.
            batch_size: The batch size it will run at.
        """

    @abstractmethod
    def observe(self, job: Job, batch_size: int, power_limit: int, cost: float) -> None:
        """Learns what profiling found for one limit. Limits come from high to low.

        Args:
            job: The job that was profiled.
            batch_size: The batch size it ran at.
            power_limit: The power limit in watts.
            cost: What an epoch costs at it, in joules.
        """

    def _log(self, message: str) -> None:
        print(f"[{self.name}] {message}")

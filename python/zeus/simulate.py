"""Recurring jobs lived through on recorded traces."""

from __future__ import annotations

import copy
import os
from functools import cached_property
from typing import TYPE_CHECKING

from zeus import _core
from zeus._arguments import flag, integer, number
from zeus.analyze import HistoryEntry
from zeus.job import Job
from zeus.policy.interface import BatchSizeOptimizer, PowerLimitOptimizer
from zeus.utils.metric import zeus_cost

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Simulator"]

_KEYS = ["dataset", "network", "batch_size", "optimizer"]
_TRAIN_COLUMNS = [*_KEYS, "learning_rate", "run", "target_metric", "target_epoch"]
_POWER_COLUMNS = [*_KEYS, "power_limit", "time_per_epoch", "average_power"]
_GROUP_COLUMNS = ["group", "start_time", "end_time", "dataset", "runtime_ratio"]

# Of a try that ran, as C++ tells it: recurrence, try, batch size, power limit, energy, reached, time.
_Try = tuple[int, int, int, int, float, bool, float]


class Simulator:
    """Lives through the recurrences of a job by drawing recorded runs, and stops them where real ones would be stopped.

    The simulation is C++; it calls Python only for policies that are subclasses of one's own or verbose. Each call
    works on copies of the policies and on a fresh random stream, so that the same call gives the same history.
    Sources: Zeus (NSDI'23), sections 6.1 and 6.3; docs/simulation.md.

    Attributes:
        bso: The batch-size policy; simulations leave it as it is.
        plo: The power-limit policy; simulations leave it as it is.
        seed: Of the trace's draws.
        verbose: Whether simulations print what happens.
    """

    def __init__(
        self,
        summary_train: str | os.PathLike[str] | pd.DataFrame,
        summary_power: str | os.PathLike[str] | pd.DataFrame,
        batch_size_optimizer: BatchSizeOptimizer,
        power_limit_optimizer: PowerLimitOptimizer,
        seed: int = 123456,
        verbose: bool = True,
    ) -> None:
        """Reads and joins the traces.

        Args:
            summary_train: The train trace: a CSV file, or a data frame with its columns (dataset, network, batch_size,
                optimizer, learning_rate, run, target_metric, target_epoch). Other columns are passed over.
            summary_power: The power trace of one GPU, likewise (dataset, network, batch_size, optimizer, power_limit in
                watts, time_per_epoch in seconds, average_power in watts).
            batch_size_optimizer: Chooses batch sizes.
            power_limit_optimizer: Chooses power limits.
            seed: Of the trace's draws.
            verbose: Prints what happens.

        Raises:
            FileNotFoundError: There is no such file.
            TypeError: An argument is of the wrong type.
            ValueError: A column is missing, a row is wrong (with its place), or no row of one trace meets one of the
                other.
        """
        if not isinstance(batch_size_optimizer, BatchSizeOptimizer):
            raise TypeError("batch_size_optimizer: expected a zeus.policy.BatchSizeOptimizer, "
                            f"not {type(batch_size_optimizer).__name__}")
        if not isinstance(power_limit_optimizer, PowerLimitOptimizer):
            raise TypeError("power_limit_optimizer: expected a zeus.policy.PowerLimitOptimizer, "
                            f"not {type(power_limit_optimizer).__name__}")
        self.bso = batch_size_optimizer
        self.plo = power_limit_optimizer
        self.seed = integer("seed", seed, least=0)
        self.verbose = flag("verbose", verbose)
        self._summaries = (summary_train, summary_power)
        if isinstance(summary_train, (str, os.PathLike)):
            train = _core.TrainTrace.read(os.fspath(summary_train))
        else:
            train = _core.TrainTrace.parse(_to_csv("summary_train", summary_train, _TRAIN_COLUMNS), "summary_train")
        if isinstance(summary_power, (str, os.PathLike)):
            power = _core.PowerTrace.read(os.fspath(summary_power))
        else:
            power = _core.PowerTrace.parse(_to_csv("summary_power", summary_power, _POWER_COLUMNS), "summary_power")
        self._traces = _core.JoinedTrace(train, power)

    @cached_property
    def df(self) -> pd.DataFrame:
        """The joined trace, made when first asked for, with the columns TTA (s), ETA (J) and energy_per_epoch (J)."""
        import pandas as pd

        train, power = (
            pd.read_csv(each) if isinstance(each, (str, os.PathLike)) else each for each in self._summaries)
        df = train.merge(power, how="inner")
        df["TTA"] = df["target_epoch"] * df["time_per_epoch"]
        df["ETA"] = df["TTA"] * df["average_power"]
        df["energy_per_epoch"] = df["time_per_epoch"] * df["average_power"]
        return df

    def simulate_one_job(
        self, job: Job, num_recurrence: int, beta_knob: float, eta_knob: float
    ) -> list[HistoryEntry]:
        """Runs a job again and again, each time until it reaches its target.

        Args:
            job: The job, with a default batch size that the traces hold.
            num_recurrence: How often it recurs.
            beta_knob: A run may cost at most this times the cheapest recurrence so far; infinity: anything.
            eta_knob: What energy weighs against time in a run's cost, from 0 to 1.

        Returns:
            Every run that ran, in order; a recurrence has one entry for each of its tries.

        Raises:
            RuntimeError: The default batch size misses the target in the first recurrence, or 20 tries of one do.
            TypeError: An argument is of the wrong type; so is what a policy returned.
            ValueError: The traces do not hold the job, a knob is out of range, or a policy chose a batch size that is
                not among the job's.
            Exception: Whatever a policy raised.
        """
        count = integer("num_recurrence", num_recurrence, least=0)
        beta, eta = _knobs(beta_knob, eta_knob)
        simulation = _core.Simulation(
            self._traces, job, copy.deepcopy(self.bso), copy.deepcopy(self.plo), self.seed, beta, eta)
        if not self.verbose:
            simulation.run_until(count)
            return _entries(simulation.history())
        print(f"[Simulator] {job} recurs {count} times; the highest power limit is {self._traces.max_power} W")
        min_cost, seen = float("inf"), 0
        for recurrence in range(count):
            print(f"\nRecurrence: {recurrence + 1}")
            try:
                simulation.run_until(recurrence + 1)
            finally:  # What went before an error is what explains it.
                tries = simulation.history(seen)
                spent = self._print_tries(tries, eta)
            seen += len(tries)
            min_cost = min(min_cost, spent)
            print(f"[Simulator] the cheapest recurrence so far costs {min_cost:.2f}")
        return _entries(simulation.history())

    def simulate_one_alibaba_group(
        self, job: Job, group_df: pd.DataFrame, beta_knob: float, eta_knob: float
    ) -> list[HistoryEntry]:
        """Submits a job at given times, whether or not earlier runs of it have ended.

        A submission that finds another run under way takes the batch size that was cheapest so far; the policies are
        asked for the others. A run that misses the target is tried again when it ends. For results like those of the
        published simulation, seed the policy and the simulator with the Adler-32 of the group's name and give the
        policy `concurrency`.

        Args:
            job: The job, with a default batch size that the traces hold.
            group_df: The submissions of one group, one a row: group, start_time and end_time (s, of one clock),
                dataset, runtime_ratio (how much longer than the data set's mean the run takes). Sorted by start_time
                if they are not.
            beta_knob: A run may cost at most this times the cheapest run so far; infinity: anything.
            eta_knob: What energy weighs against time in a run's cost, from 0 to 1.

        Returns:
            Every run that ran, in the order in which they ended, energy and time multiplied by the runtime_ratio.

        Raises:
            RuntimeError: A submission misses the target 20 times.
            TypeError: An argument is of the wrong type; so is what a policy returned.
            ValueError: The traces do not hold the job, a knob is out of range, a column of `group_df` is missing or
                wrong, or it holds several groups.
            Exception: Whatever a policy raised.
        """
        beta, eta = _knobs(beta_knob, eta_knob)
        runs = _core.simulate_group(
            self._traces, job, _to_csv("group_df", group_df, _GROUP_COLUMNS), copy.deepcopy(self.bso),
            copy.deepcopy(self.plo), self.seed, beta, eta)
        if self.verbose:
            print(f"[Simulator] {job} is submitted {len(group_df)} times; "
                  f"the highest power limit is {self._traces.max_power} W")
            self._print_tries(runs, eta)
        return _entries(runs)

    def _print_tries(self, tries: list[_Try], eta: float) -> float:
        """Prints each try and returns what they cost together."""
        spent = 0.0
        for _, attempt, batch_size, power_limit, energy, reached, time in tries:
            cost = zeus_cost(energy, time, eta, self._traces.max_power)
            spent += cost
            print(f"[Simulator] try {attempt + 1}: batch size {batch_size} at {power_limit} W: {energy:.0f} J, "
                  f"{time:.0f} s, cost {cost:.2f}, {'reached' if reached else 'not reached'}")
        return spent


def _knobs(beta_knob: float, eta_knob: float) -> tuple[float, float]:
    beta, eta = number("beta_knob", beta_knob), number("eta_knob", eta_knob)
    if beta <= 0:
        raise ValueError(f"beta_knob: expected a number above 0, or infinity, not {beta}")
    if not 0 <= eta <= 1:
        raise ValueError(f"eta_knob: expected a number from 0 to 1, not {eta}")
    return beta, eta


def _entries(tries: list[_Try]) -> list[HistoryEntry]:
    return [HistoryEntry(*each[2:]) for each in tries]


def _to_csv(argument: str, df: pd.DataFrame, columns: list[str]) -> str:
    """What C++ reads: the columns it knows, floats so that they come back the same."""
    if not hasattr(df, "to_csv"):
        raise TypeError(f"{argument}: expected a pandas data frame"
                        f"{' or a path' if argument != 'group_df' else ''}, not {type(df).__name__}")
    missing = [column for column in columns if column not in df.columns]
    if missing:
        raise ValueError(f"{argument}: missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
                         f"there are: {', '.join(map(str, df.columns))}")
    text = df[columns].to_csv(index=False)
    assert isinstance(text, str)
    return text

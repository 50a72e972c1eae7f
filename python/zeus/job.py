"""What a recurring training job is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zeus import _core
from zeus._arguments import integer, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Job"]


@dataclass(frozen=True, unsafe_hash=True)
class Job:
    """A training job that is run again and again. Two of them are the same job when all but `command` is equal.

    Attributes:
        dataset: Name of the data set.
        network: Name of the model.
        optimizer: Name of the optimizer, in any case.
        target_metric: The validation metric that training is to reach.
        max_epochs: After so many epochs a run ends, whether the target is reached or not.
        default_bs: The user's own batch size, b0, which is assumed to reach the target.
        default_lr: The learning rate that goes with `default_bs`.
        workdir: The folder in which the command is started.
        command: The command line as a template; `gen_command` tells what is filled in.
    """

    dataset: str
    network: str
    optimizer: str
    target_metric: float
    max_epochs: int
    default_bs: int | None = None
    default_lr: float | None = None
    workdir: str | None = None
    command: list[str] | None = field(default=None, hash=False, compare=False)

    def __str__(self) -> str:
        """The job in one line, for logs."""
        batch_size = "" if self.default_bs is None else f",bs{self.default_bs}"
        return (f"Job({self.dataset},{self.network},{self.optimizer},{self.target_metric}"
                f"{batch_size}~{self.max_epochs})")

    def to_logdir(self) -> str:
        """The beginning of the name of a folder with the job's logs."""
        return "+".join([
            self.dataset, self.network, f"bs{self.default_bs}", self.optimizer, f"lr{self.default_lr}",
            f"tm{self.target_metric}", f"me{self.max_epochs}"])

    def filter_df(self, df: pd.DataFrame) -> pd.DataFrame:
        """The rows of a trace that are about this job: its data set, network, optimizer and target.

        Args:
            df: Rows of a train trace, joined with a power trace or not.

        Raises:
            ValueError: A column that tells jobs apart is missing.
        """
        columns = ("dataset", "network", "optimizer", "target_metric")
        for column in columns:
            if column not in df.columns:
                raise ValueError(f"df: there is no column {column} among {', '.join(map(str, df.columns))}")
        dataset, network, optimizer, target_metric = (df[column] == getattr(self, column) for column in columns)
        rows: pd.DataFrame = df.loc[dataset & network & optimizer & target_metric]
        return rows

    def gen_command(self, batch_size: int, learning_rate: float, seed: int, rec_i: int) -> list[str]:
        """The command line of one run.

        Arguments of the template that are exactly `{bs}` or `{batch_size}`, `{lr}` or `{learning_rate}`, `{seed}`,
        `{epoch}` or `{epochs}` (max_epochs), `{slice_number}` (the recurrence's number) or `{target_metric}` are
        replaced; all others stay as they are, also with one of these inside them.

        Args:
            batch_size: The run's batch size.
            learning_rate: The run's learning rate, already scaled.
            seed: The run's random seed.
            rec_i: The number of the recurrence.

        Raises:
            ValueError: The job has no command.
        """
        if not self.command:
            raise ValueError("job.command: the job has no command to fill in")
        values = {
            "{bs}": batch_size, "{batch_size}": batch_size, "{lr}": learning_rate, "{learning_rate}": learning_rate,
            "{seed}": seed, "{epoch}": self.max_epochs, "{epochs}": self.max_epochs, "{slice_number}": rec_i,
            "{target_metric}": self.target_metric}
        return [str(values.get(argument, argument)) for argument in self.command]

    def scale_lr(self, batch_size: int) -> float:
        """The learning rate for a batch size: `default_lr`, scaled.

        By the square root of the batch sizes' ratio for adam, adamw and adadelta, and by the ratio itself for sgd.
        Sources: Krizhevsky, "One weird trick", 2014; Goyal et al., "Accurate, Large Minibatch SGD", 2017.

        Raises:
            ValueError: The job has no default batch size or learning rate.
            NotImplementedError: There is no rule for the job's optimizer.
        """
        if not self.default_bs:
            raise ValueError("job.default_bs: scaling the learning rate needs the default batch size")
        if not self.default_lr:
            raise ValueError("job.default_lr: scaling the learning rate needs the default learning rate")
        if self.optimizer.lower() not in ("adam", "adamw", "adadelta", "sgd"):
            raise NotImplementedError(f"no rule scales the learning rate of the optimizer {self.optimizer}")
        return _core.scale_learning_rate(
            self.optimizer, number("job.default_lr", self.default_lr), integer("job.default_bs", self.default_bs, least=1),
            integer("batch_size", batch_size, least=1))

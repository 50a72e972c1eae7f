"""What both programs share: where traces lie, and the jobs in them that go by a name."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import os
import pathlib
import sys

import pandas as pd

from zeus.job import Job

REPOSITORY_TRACES = pathlib.Path(__file__).resolve().parents[2] / "traces"

# The jobs of the paper's evaluation, for the published traces. Source: Zeus (NSDI'23), table 1.
PAPER = [
    Job("cifar100", "shufflenetv2", "adadelta", 0.6, 100, 1024, 0.1),
    Job("imagenet", "resnet50", "adadelta", 0.65, 100, 256),
    Job("squad", "bert_base_uncased", "adamw", 84.0, 6, 32),
    Job("librispeech", "deepspeech2", "adamw", 40.0, 16, 256),
    Job("movielens-1m", "ncf", "adam", 0.41, 100, 1024),
    Job("sentiment140", "bert_base_uncased", "adamw", 0.84, 10, 128, 4e-7),
]


def add_trace_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--traces", type=pathlib.Path, default=pathlib.Path(os.environ.get("ZEUS_TRACES", REPOSITORY_TRACES)),
        help="folder with summary_train.csv and summary_power_GPU.csv [$ZEUS_TRACES, else the repository's made-up ones]")
    parser.add_argument("--gpu", help="the GPU [the folder's first]")
    parser.add_argument("--eta", type=float, default=0.5, help="weight of energy against time, 0 to 1 [0.5]")
    parser.add_argument("--beta", type=float, default=2.0, help="early stopping; inf: none [2]")


class Traces:
    """A folder of traces, and one of its GPUs."""

    def __init__(self, folder: pathlib.Path, gpu: str | None) -> None:
        prefix = "summary_power_"
        gpus = sorted(path.stem.removeprefix(prefix) for path in folder.glob(f"{prefix}*.csv"))
        if not gpus:
            sys.exit(f"{folder}: holds no {prefix}GPU.csv")
        self.gpu = gpu or gpus[0]
        if self.gpu not in gpus:
            sys.exit(f"--gpu: {self.gpu}: {folder} holds: {', '.join(gpus)}")
        self.folder = folder
        self.train = folder / "summary_train.csv"
        self.power = folder / f"{prefix}{self.gpu}.csv"
        self.joined = pd.read_csv(self.train).merge(pd.read_csv(self.power), how="inner")

    @property
    def max_power(self) -> int:
        """The GPU's highest power limit in watts."""
        return int(self.joined.power_limit.max())

    def jobs(self) -> dict[str, Job]:
        """The jobs that the traces hold, by the name of their data set; no b0 is larger than the GPU was recorded at."""
        named = PAPER
        workloads = self.folder / "workloads.csv"
        if workloads.exists():
            with workloads.open(newline="") as file:
                named = [Job(row["dataset"], row["network"], row["optimizer"], float(row["target_metric"]),
                             int(row["max_epochs"]), int(row["default_batch_size"]),
                             float(row["default_learning_rate"]) if row["default_learning_rate"] else None)
                         for row in csv.DictReader(file)] + PAPER
        held = {}
        for job in named:
            rows = job.filter_df(self.joined)
            if job.dataset not in held and len(rows) > 0 and job.default_bs is not None:
                largest = int(rows.batch_size.max())
                held[job.dataset] = dataclasses.replace(job, default_bs=min(job.default_bs, largest))
        return held

    def job(self, dataset: str | None) -> Job:
        """The job of that name, or the first."""
        held = self.jobs()
        if not held:
            sys.exit(f"{self.folder}: holds no job that goes by a name")
        if dataset is not None and dataset not in held:
            sys.exit(f"--workload: {dataset}: {self.folder} holds: {', '.join(held)}")
        return held[dataset or next(iter(held))]

    def default_recurrences(self, job: Job) -> int:
        """2 * |B| * |P|: the horizon that the paper simulates."""
        rows = job.filter_df(self.joined)
        return int(2 * rows.batch_size.nunique() * rows.power_limit.nunique())

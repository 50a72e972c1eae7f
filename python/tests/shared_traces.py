"""The published traces and golden results, where there are any, and a small trace of the tests' own."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import tempfile
import unittest

import pandas as pd

from zeus.job import Job

SHARED = pathlib.Path(os.environ.get(
    "ZEUS_SHARED_DIR", pathlib.Path(__file__).resolve().parents[3] / "shared")).resolve()
TRACES = SHARED / "traces"
GOLDEN = SHARED / "golden"
TRAIN = TRACES / "summary_train.csv"

needs_traces = unittest.skipUnless(TRACES.is_dir(), f"no published traces in {TRACES}")
needs_golden = unittest.skipUnless(
    TRACES.is_dir() and GOLDEN.is_dir(), f"no golden results and published traces in {SHARED}")

# The paper's six jobs, before b0 is capped at the GPU's largest batch size. Source: Zeus (NSDI'23), table 1.
PUBLISHED_JOBS = {job.dataset: job for job in [
    Job("cifar100", "shufflenetv2", "adadelta", 0.6, 100, 1024, 0.1),
    Job("imagenet", "resnet50", "adadelta", 0.65, 100, 256),
    Job("squad", "bert_base_uncased", "adamw", 84.0, 6, 32),
    Job("librispeech", "deepspeech2", "adamw", 40.0, 16, 256),
    Job("movielens-1m", "ncf", "adam", 0.41, 100, 1024),
    Job("sentiment140", "bert_base_uncased", "adamw", 0.84, 10, 128, 4e-7),
]}


def zeus(*arguments: str | os.PathLike[str]) -> str:
    """What the command line prints. It has the sanitizers of its build in itself, and not in a library before it."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run([os.environ["ZEUS_PROGRAM"], *arguments], env=environment, check=True, capture_output=True,
                          text=True).stdout


def power_trace(gpu: str) -> pathlib.Path:
    return TRACES / f"summary_power_{gpu}.csv"


def job_on(gpu: str, dataset: str) -> Job:
    """The paper's job; b0 no larger than the GPU was recorded at."""
    job = PUBLISHED_JOBS[dataset]
    power = pd.read_csv(power_trace(gpu))
    largest = int(power.loc[power.dataset == dataset, "batch_size"].max())
    assert job.default_bs is not None
    return dataclasses.replace(job, default_bs=min(job.default_bs, largest))


def default_recurrences(gpu: str, job: Job) -> int:
    """2 * |B| * |P| over the job's joined rows, as published scripts compute it."""
    rows = job.filter_df(pd.read_csv(TRAIN).merge(pd.read_csv(power_trace(gpu)), how="inner"))
    return 2 * rows.batch_size.nunique() * rows.power_limit.nunique()


# One job on one GPU: of four batch sizes, 64 never reaches the target. MaxPower is 200 W.
SMALL_TRAIN = "dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n" + "".join(
    f"birds,tiny,{size},sgd,0.1,{run},0.5,{epochs}\n"
    for size, runs in [(8, (12, 13, 14)), (16, (9, 10, 9)), (32, (8, 8, 9)), (64, ("", "nan", ""))]
    for run, epochs in enumerate(runs, start=1))
SMALL_POWER = "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n" + "".join(
    f"birds,tiny,{size},sgd,{limit},{time},{power}\n"
    for size, limit, time, power in [
        (8, 100, 50, 80), (8, 200, 40, 120), (16, 100, 30, 90), (16, 200, 24, 150),
        (32, 100, 20, 98), (32, 200, 16, 190), (64, 100, 14, 99), (64, 200, 11, 199)])
SMALL_JOB = Job("birds", "tiny", "sgd", 0.5, 20, 16, 0.1)


class SmallTraces(unittest.TestCase):
    """Tests with the small traces in files."""

    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="zeus_test.")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.train = self.folder / "summary_train.csv"
        self.power = self.folder / "summary_power_tiny.csv"
        self.train.write_text(SMALL_TRAIN)
        self.power.write_text(SMALL_POWER)

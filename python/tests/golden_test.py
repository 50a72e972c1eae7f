"""zeus.simulate.Simulator against the published package's own results, and against the command line."""

from __future__ import annotations

import csv
import io
import unittest
import zlib
from collections import defaultdict

import pandas as pd
from shared_traces import (
    GOLDEN,
    TRACES,
    TRAIN,
    default_recurrences,
    job_on,
    needs_golden,
    needs_traces,
    power_trace,
    zeus,
)

from zeus.analyze import HistoryEntry
from zeus.job import Job
from zeus.policy import JITPowerLimitOptimizer, PruningGTSBatchSizeOptimizer
from zeus.simulate import Simulator

TOLERANCE = 1e-9


def entry_of(row: dict[str, str]) -> HistoryEntry:
    return HistoryEntry(
        int(row["bs"]), int(row["pl"]), float(row["energy_J"]), row["reached"] == "1", float(row["time_s"]))


def read_runs(text: str, key: tuple[str, ...]) -> dict[tuple[str, ...], list[HistoryEntry]]:
    runs = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text)):
        runs[tuple(row[name] for name in key)].append(entry_of(row))
    return dict(runs)


def simulator(gpu: str, seed: int, concurrency: bool = False) -> Simulator:
    return Simulator(
        TRAIN, power_trace(gpu), PruningGTSBatchSizeOptimizer(seed=seed, concurrency=concurrency, verbose=False),
        JITPowerLimitOptimizer(verbose=False), seed=seed, verbose=False)


def first_difference(found: list[HistoryEntry], expected: list[HistoryEntry]) -> str:
    """Decisions must be equal, floats within the tolerance."""
    def close(a: float, b: float) -> bool:
        return abs(a - b) <= TOLERANCE * abs(b)

    for i, (f, e) in enumerate(zip(found, expected)):
        if (f.bs, f.pl, f.reached) != (e.bs, e.pl, e.reached) or not (close(f.energy, e.energy)
                                                                      and close(f.time, e.time)):
            return f"entry {i}: found {f}, expected {e}"
    return "" if len(found) == len(expected) else f"found {len(found)} entries, expected {len(expected)}"


class GoldenTest(unittest.TestCase):
    @needs_golden
    def test_every_single_job(self) -> None:
        runs = read_runs((GOLDEN / "single_job.csv").read_text(), ("gpu", "dataset", "eta", "beta", "seed"))
        self.assertEqual(sum(map(len, runs.values())), 22462)
        jobs: dict[tuple[str, str], tuple[Job, int]] = {}
        for (gpu, dataset, eta, beta, seed), expected in runs.items():
            if (gpu, dataset) not in jobs:
                job = job_on(gpu, dataset)
                jobs[gpu, dataset] = job, default_recurrences(gpu, job)
            job, recurrences = jobs[gpu, dataset]
            history = simulator(gpu, int(seed)).simulate_one_job(job, recurrences, float(beta), float(eta))
            self.assertEqual(first_difference(history, expected), "", f"{gpu} {dataset} {eta=} {beta=} {seed=}")
        self.assertEqual(len(jobs), 24)

    @needs_golden
    def test_every_cluster_group(self) -> None:
        runs = read_runs((GOLDEN / "cluster_golden.csv").read_text(), ("gpu", "group", "dataset"))
        self.assertEqual(sum(map(len, runs.values())), 1709)
        groups = dict(iter(pd.read_csv(GOLDEN / "cluster_groups.csv").groupby("group")))
        self.assertEqual(len(runs), 2 * len(groups))
        for (gpu, group, dataset), expected in runs.items():
            seed = zlib.adler32(group.encode())
            history = simulator(gpu, seed, concurrency=True).simulate_one_alibaba_group(
                job_on(gpu, dataset), groups[group], beta_knob=2.0, eta_knob=0.5)
            self.assertEqual(first_difference(history, expected), "", f"{gpu} {group}")

    @needs_traces
    def test_the_command_line_says_the_same_to_the_last_bit(self) -> None:
        for gpu, dataset, eta, beta, seed in [
                ("v100", "librispeech", 0.5, 2.0, 7), ("a40", "cifar100", 1.0, 1.5, 8), ("p100", "squad", 0.0, 3.0, 9)]:
            said = zeus("simulate", "--traces", TRACES, "--workload", dataset, "--gpu", gpu, "--eta", str(eta),
                        "--beta", str(beta), "--seed", str(seed), "--csv", "-")
            (expected,) = read_runs(said, ("gpu", "dataset")).values()
            job = job_on(gpu, dataset)
            history = simulator(gpu, seed).simulate_one_job(job, default_recurrences(gpu, job), beta, eta)
            self.assertEqual(history, expected)

    @needs_traces
    def test_data_frames_give_what_files_give(self) -> None:
        job = job_on("v100", "cifar100")
        expected = simulator("v100", 3).simulate_one_job(job, 60, 2.0, 0.5)
        from_frames = Simulator(
            pd.read_csv(TRAIN, float_precision="round_trip"),
            pd.read_csv(power_trace("v100"), float_precision="round_trip"),
            PruningGTSBatchSizeOptimizer(seed=3, verbose=False), JITPowerLimitOptimizer(verbose=False), seed=3,
            verbose=False)
        self.assertEqual(from_frames.simulate_one_job(job, 60, 2.0, 0.5), expected)


if __name__ == "__main__":
    unittest.main()

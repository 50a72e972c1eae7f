#!/usr/bin/env python3
"""Simulates a cluster's recurring jobs: submissions at given times, some of them while earlier ones still run."""

from __future__ import annotations

import argparse
import pathlib
import zlib
from collections import defaultdict

import pandas as pd
from jobs import Traces, add_trace_flags
from own_policy import AlwaysDefault, AlwaysHighest, EpsilonGreedy

from zeus.analyze import HistoryEntry
from zeus.policy import BatchSizeOptimizer, JITPowerLimitOptimizer, PowerLimitOptimizer, PruningGTSBatchSizeOptimizer
from zeus.simulate import Simulator


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=pathlib.Path,
                        help="CSV file of submissions, .xz or not [groups.csv.xz in the folder of the traces]")
    add_trace_flags(parser)
    parser.add_argument("--batch-policy", choices=["pruned-thompson", "own"], default="pruned-thompson",
                        help="own: the one in own_policy.py [pruned-thompson]")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    traces = Traces(arguments.traces, arguments.gpu)
    jobs = traces.jobs()
    groups = pd.read_csv(arguments.groups or arguments.traces / "groups.csv.xz")

    def simulate(group: pd.DataFrame, seed: int, bso: BatchSizeOptimizer,
                 plo: PowerLimitOptimizer) -> list[HistoryEntry]:
        simulator = Simulator(traces.train, traces.power, bso, plo, seed=seed, verbose=False)
        return simulator.simulate_one_alibaba_group(
            jobs[group.dataset.iloc[0]], group, beta_knob=arguments.beta, eta_knob=arguments.eta)

    totals: dict[str, list[float]] = defaultdict(lambda: [0.0] * 5)
    for name, group in groups.groupby("group"):
        seed = zlib.adler32(str(name).encode())  # The same on every machine and in every process, unlike hash().
        bso: BatchSizeOptimizer
        if arguments.batch_policy == "own":
            bso = EpsilonGreedy(seed=seed)
        else:
            bso = PruningGTSBatchSizeOptimizer(seed=seed, concurrency=True, verbose=False)
        history = simulate(group, seed, bso, JITPowerLimitOptimizer(verbose=False))
        default = simulate(group, seed, AlwaysDefault(), AlwaysHighest(traces.max_power))
        figures = [len(group), sum(entry.energy for entry in history), sum(entry.energy for entry in default),
                   sum(entry.time for entry in history), sum(entry.time for entry in default)]
        dataset = group.dataset.iloc[0]
        totals[dataset] = [total + figure for total, figure in zip(totals[dataset], figures)]

    print(f"{groups.group.nunique()} groups on {traces.gpu}")
    print(f"{'data set':<20} {'submissions':>11} {'energy J':>12} {'saved':>7} {'time s':>12} {'saved':>7}")
    for dataset, (submissions, energy, default_energy, time, default_time) in sorted(totals.items()):
        print(f"{dataset:<20} {submissions:>11.0f} {energy:>12.4g} {100 * (1 - energy / default_energy):>5.1f} % "
              f"{time:>12.4g} {100 * (1 - time / default_time):>5.1f} %")


if __name__ == "__main__":
    main()

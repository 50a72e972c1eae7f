#!/usr/bin/env python3
"""What simulating through Python costs beside the C++ loop alone and beside the command, in one run.

usage: PYTHONPATH=build/release/python build/venv/bin/python bench/python_simulator_bench.py [ZEUS]

Each figure is the median of several rounds, in which the contestants take turns. ZEUS is the command
[build/release/bin/zeus]. Traces: the repository's own.
"""

from __future__ import annotations

import copy
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from zeus import _core
from zeus.job import Job
from zeus.policy import JITPowerLimitOptimizer, PruningGTSBatchSizeOptimizer
from zeus.simulate import Simulator

ROOT = pathlib.Path(__file__).resolve().parents[1]
ZEUS = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/release/bin/zeus")
TRAIN = ROOT / "traces" / "summary_train.csv"
POWER = ROOT / "traces" / "summary_power_synthetic-small.csv"
JOB = Job("synthetic-images", "synthetic-convnet", "sgd", 0.75, 100, 1024, 0.1)
RECURRENCES = 20_000
ROUNDS = 9


class Subclass(PruningGTSBatchSizeOptimizer):
    """The same decisions, but C++ asks Python for each."""


def simulator(policy: type[PruningGTSBatchSizeOptimizer] = PruningGTSBatchSizeOptimizer) -> Simulator:
    return Simulator(TRAIN, POWER, policy(seed=1, verbose=False), JITPowerLimitOptimizer(verbose=False), seed=1,
                     verbose=False)


def timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def main() -> None:
    built_in, subclass = simulator(), simulator(Subclass)

    def loop_alone() -> float:
        simulation = _core.Simulation(
            built_in._traces, JOB, copy.deepcopy(built_in.bso), copy.deepcopy(built_in.plo), 1, 2.0, 0.5)
        return timed(lambda: simulation.run_until(RECURRENCES))

    contestants: dict[str, Callable[[], float]] = {
        "C++ loop alone": loop_alone,
        "Simulator.simulate_one_job": lambda: timed(lambda: built_in.simulate_one_job(JOB, RECURRENCES, 2.0, 0.5)),
        "the same, policy subclassed in Python":
            lambda: timed(lambda: subclass.simulate_one_job(JOB, RECURRENCES, 2.0, 0.5)),
        "zeus simulate, as a process": lambda: timed(lambda: subprocess.run(
            [ZEUS, "simulate", "--traces", TRAIN.parent, "--gpu", "synthetic-small", "--workload", JOB.dataset,
             "--recurrences", str(RECURRENCES), "--csv", "-"], check=True, stdout=subprocess.DEVNULL)),
        "98 recurrences, Simulator made for them":
            lambda: timed(lambda: simulator().simulate_one_job(JOB, 98, 2.0, 0.5)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            seconds[name].append(run())
    median = {name: statistics.median(each) for name, each in seconds.items()}
    reference = median["C++ loop alone"]
    print(f"{RECURRENCES} recurrences, median of {ROUNDS} rounds")
    for name, each in median.items():
        print(f"{name:<40} {1000 * each:8.2f} ms, {each / reference:6.2f} times the C++ loop")


if __name__ == "__main__":
    main()

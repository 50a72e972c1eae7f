#!/usr/bin/env python3
"""Simulates one recurring job on recorded traces, and compares it with the user's default."""

from __future__ import annotations

import argparse

from jobs import Traces, add_trace_flags
from own_policy import AlwaysDefault, AlwaysHighest, EpsilonGreedy

from zeus.analyze import HistoryEntry
from zeus.policy import BatchSizeOptimizer, JITPowerLimitOptimizer, PowerLimitOptimizer, PruningGTSBatchSizeOptimizer
from zeus.simulate import Simulator
from zeus.utils.metric import zeus_cost


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", help="the job, by its data set [the folder's first]")
    add_trace_flags(parser)
    parser.add_argument("--seed", type=int, default=1, help="of the traces' draws and of the policy [1]")
    parser.add_argument("--recurrences", type=int, help="how often the job recurs [2 * batch sizes * power limits]")
    parser.add_argument("--batch-policy", choices=["pruned-thompson", "own"], default="pruned-thompson",
                        help="own: the one in own_policy.py [pruned-thompson]")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    traces = Traces(arguments.traces, arguments.gpu)
    job = traces.job(arguments.workload)
    recurrences = arguments.recurrences or traces.default_recurrences(job)

    def simulate(bso: BatchSizeOptimizer, plo: PowerLimitOptimizer) -> list[HistoryEntry]:
        simulator = Simulator(traces.train, traces.power, bso, plo, seed=arguments.seed, verbose=False)
        return simulator.simulate_one_job(job, recurrences, beta_knob=arguments.beta, eta_knob=arguments.eta)

    bso: BatchSizeOptimizer
    if arguments.batch_policy == "own":
        bso = EpsilonGreedy(seed=arguments.seed)
    else:
        bso = PruningGTSBatchSizeOptimizer(seed=arguments.seed, verbose=False)
    history = simulate(bso, JITPowerLimitOptimizer(verbose=False))
    default = simulate(AlwaysDefault(), AlwaysHighest(traces.max_power))

    print(f"{job} on {traces.gpu}, {recurrences} recurrences by {bso.name}")
    print(f"{'try':>4} {'batch size':>10} {'limit W':>8} {'energy J':>12} {'time s':>10} {'cost J':>12}")
    for number, entry in enumerate(history, 1):
        cost = zeus_cost(entry.energy, entry.time, arguments.eta, traces.max_power)
        print(f"{number:>4} {entry.bs:>10} {entry.pl:>8} {entry.energy:>12.0f} {entry.time:>10.0f} {cost:>12.0f}"
              f"{'' if entry.reached else '  missed the target'}")
    energy, default_energy = (sum(entry.energy for entry in each) for each in (history, default))
    time, default_time = (sum(entry.time for entry in each) for each in (history, default))
    print(f"energy: {energy:.3g} J, {100 * (1 - energy / default_energy):.1f} % saved "
          f"against batch size {job.default_bs} at {traces.max_power} W")
    print(f"time: {time:.3g} s, {100 * (1 - time / default_time):.1f} % saved")


if __name__ == "__main__":
    main()

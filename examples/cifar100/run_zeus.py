#!/usr/bin/env python3
"""Runs train.py again and again and learns its best batch size: what `zeus run job.toml` does, from Python.

usage: run_zeus.py --data FOLDER [--network NAME] [--recurrences N] [--batch-sizes N...] [--default N] [--target X]
                   [--max-epochs N] [--eta X] [--beta X] [--profile WARMUP MEASURED] [--log-base FOLDER] [--seed N]
"""

from __future__ import annotations

import argparse
import pathlib
import sys

from zeus.job import Job
from zeus.policy import PruningGTSBatchSizeOptimizer
from zeus.run import ZeusMaster

HERE = pathlib.Path(__file__).resolve().parent


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs train.py again and again and learns its best batch size.")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder with CIFAR-100's files")
    parser.add_argument("--network", default="small", help="small, or a name of torchvision [small]")
    parser.add_argument("--recurrences", type=int, default=30)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    parser.add_argument("--default", type=int, default=256, help="the batch size to begin with [256]")
    parser.add_argument("--target", type=float, default=0.45, help="the accuracy to reach [0.45]")
    parser.add_argument("--max-epochs", type=int, default=100)
    parser.add_argument("--eta", type=float, default=0.5, help="weight of energy against time [0.5]")
    parser.add_argument("--beta", type=float, default=2.0, help="a try may cost this many times the cheapest [2.0]")
    parser.add_argument("--profile", type=int, nargs=2, default=[10, 40], help="batches at each power limit [10 40]")
    parser.add_argument("--log-base", type=pathlib.Path, default=pathlib.Path("zeus_runs"))
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    warmup, measured = arguments.profile
    master = ZeusMaster(
        batch_size_optimizer=PruningGTSBatchSizeOptimizer(seed=arguments.seed, verbose=True),
        log_base=str(arguments.log_base.resolve()),
        seed=arguments.seed,
        profile_warmup_iters=warmup,
        profile_measure_iters=measured,
    )
    job = Job(
        dataset="cifar100",
        network=arguments.network,
        optimizer="adadelta",
        target_metric=arguments.target,
        max_epochs=arguments.max_epochs,
        default_bs=arguments.default,
        workdir=str(HERE),
        command=[
            sys.executable, "train.py", "--data", str(arguments.data.resolve()), "--network", arguments.network,
            "--batch-size", "{batch_size}", "--epochs", "{epochs}", "--seed", "{seed}",
        ],
    )
    master.run(
        job=job,
        num_recurrence=arguments.recurrences,
        batch_sizes=sorted(arguments.batch_sizes),
        beta_knob=arguments.beta,
        eta_knob=arguments.eta,
    )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Trains a small network to read handwritten digits, under Zeus.

In one process, or data parallel in several.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing
from torch import nn
from torch.utils.data.distributed import DistributedSampler

import network
import pictures
from zeus.run import ZeusDataLoader
from zeus.util import ZeusCostThresholdExceededException

# Where the GPU is an emulated one, what a batch takes it: 6 ms, and 50 us for each picture.
os.environ.setdefault("ZEUS_EMULATED_STEP", "0.006,0.00005")


def above_zero(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


above_zero.__name__ = "whole number above 0"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a network to read handwritten digits, under Zeus.")
    parser.add_argument("--batch-size", type=above_zero, default=32, help="of all processes together [32]")
    parser.add_argument("--learning-rate", type=float, default=0.03, help="of gradient descent [0.03]")
    parser.add_argument("--epochs", type=above_zero, default=12, help="train at most so many [12]")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and of the order of pictures [1]")
    parser.add_argument("--processes", type=above_zero, default=1, help="train data parallel in so many [1]")
    return parser.parse_args()


class Loaders:
    """The batches of this process. All of its randomness comes from the seed."""

    def __init__(self, batch_size: int, epochs: int, seed: int) -> None:
        train_set, validation_set = pictures.load()
        self.sampler: DistributedSampler[object] | None = None
        if not dist.is_initialized():
            order = torch.Generator().manual_seed(seed)
            self.train = ZeusDataLoader(
                train_set, batch_size=batch_size, max_epochs=epochs, shuffle=True, generator=order)
            self.validation = ZeusDataLoader(validation_set, batch_size=batch_size)
            return
        # Zeus counts the batch size of one process.
        share = batch_size // dist.get_world_size()
        self.sampler = DistributedSampler(train_set, shuffle=True, seed=seed)
        self.train = ZeusDataLoader(
            train_set, batch_size=share, max_epochs=epochs, sampler=self.sampler, distributed="dp")
        self.validation = ZeusDataLoader(
            validation_set, batch_size=share, sampler=DistributedSampler(validation_set, shuffle=False),
            distributed="dp")


def sum_of_ranks(*numbers: float) -> list[float]:
    total = torch.tensor(numbers, dtype=torch.float64)
    if dist.is_initialized():
        dist.all_reduce(total)
    sums: list[float] = total.tolist()
    return sums


def train(model: nn.Module, batches: ZeusDataLoader, optimizer: torch.optim.Optimizer, device: torch.device) -> float:
    """One epoch. The mean loss."""
    model.train()
    losses = 0.0
    for images, digits in batches:
        loss = nn.functional.cross_entropy(model(images.to(device)), digits.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses += loss.item()
    total, count = sum_of_ranks(losses, len(batches))
    return total / count


@torch.no_grad()
def evaluate(model: nn.Module, batches: ZeusDataLoader, device: torch.device) -> float:
    """The share of pictures named correctly."""
    model.eval()
    correct = count = 0
    for images, digits in batches:
        correct += int((model(images.to(device)).argmax(1).cpu() == digits).sum())
        count += len(digits)
    all_correct, all_count = sum_of_ranks(correct, count)
    return all_correct / all_count


def run(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    rank = dist.get_rank() if dist.is_initialized() else 0
    device = torch.device("cuda", rank) if torch.cuda.is_available() else torch.device("cpu")
    loaders = Loaders(arguments.batch_size, arguments.epochs, arguments.seed)
    model = network.make().to(device)
    if dist.is_initialized():
        model = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=arguments.learning_rate, momentum=0.9)
    for epoch in loaders.train.epochs():
        if loaders.sampler is not None:
            loaders.sampler.set_epoch(epoch)
        loss = train(model, loaders.train, optimizer, device)
        accuracy = evaluate(model, loaders.validation, device)
        if rank == 0:
            print(f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {accuracy:.4f}", flush=True)
        loaders.train.report_metric(accuracy, higher_is_better=True)


def run_until_too_costly(arguments: argparse.Namespace) -> None:
    try:
        run(arguments)
    except ZeusCostThresholdExceededException as exceeded:
        print(f"given up: {exceeded}", flush=True)


def run_rank(rank: int, arguments: argparse.Namespace, rendezvous: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=arguments.processes)
    try:
        run_until_too_costly(arguments)
        dist.barrier()
    finally:
        dist.destroy_process_group()  # Its threads must not outlive the interpreter.


def main() -> int:
    arguments = parse_arguments()
    if arguments.batch_size % arguments.processes != 0:
        print(f"train.py: --batch-size {arguments.batch_size}: cannot be shared by {arguments.processes} processes",
              file=sys.stderr)
        return 2
    if arguments.processes == 1:
        run_until_too_costly(arguments)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(run_rank, (arguments, f"{folder}/rendezvous"), nprocs=arguments.processes)
    return 0


if __name__ == "__main__":
    sys.exit(main())

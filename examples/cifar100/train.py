#!/usr/bin/env python3
"""Trains a network on CIFAR-100, under Zeus.

usage: train.py --data FOLDER [--network NAME] [--batch-size N] [--epochs N] [--seed N] [--workers N]
"""

from __future__ import annotations

import argparse
import pathlib
import sys

import torch
from torch import nn

import networks
import pictures
from zeus.run import ZeusDataLoader

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a network on CIFAR-100, under Zeus.")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder with CIFAR-100's files")
    parser.add_argument("--network", default="small", help="small, or a name of torchvision [small]")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=100, help="train at most so many epochs [100]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0, help="processes that fetch batches [0]")
    return parser.parse_args()


def to_input(batch: torch.Tensor, augment: bool) -> torch.Tensor:
    """Bytes as numbers around 0; for training half of the pictures are mirrored, and all moved by up to 4 pixels."""
    images = batch.to(DEVICE).float() / 127.5 - 1
    if augment:
        mirrored = torch.rand(len(images), device=DEVICE) < 0.5
        images[mirrored] = images[mirrored].flip(3)
        moves = torch.randint(-4, 5, (2,)).tolist()
        images = torch.roll(images, moves, dims=(2, 3))
    return images


def train(network: nn.Module, batches: ZeusDataLoader, optimizer: torch.optim.Optimizer) -> float:
    """The mean loss of an epoch."""
    network.train()
    total = 0.0
    for images, labels in batches:
        loss = nn.functional.cross_entropy(network(to_input(images, augment=True)), labels.to(DEVICE))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(batches)


@torch.no_grad()
def accuracy(network: nn.Module, batches: ZeusDataLoader) -> float:
    network.eval()
    right = count = 0
    for images, labels in batches:
        right += int((network(to_input(images, augment=False)).argmax(1).cpu() == labels).sum())
        count += len(labels)
    return right / count


def main() -> int:
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    try:
        train_set, test_set = (pictures.read(arguments.data, part) for part in ("train", "test"))
        network = networks.make(arguments.network).to(DEVICE)
    except (pictures.DataError, ValueError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    train_batches = ZeusDataLoader(train_set, batch_size=arguments.batch_size, max_epochs=arguments.epochs, shuffle=True,
                                   num_workers=arguments.workers)
    test_batches = ZeusDataLoader(test_set, batch_size=arguments.batch_size, num_workers=arguments.workers)
    # Adadelta finds its own step sizes, so that no learning rate has to follow the batch size.
    optimizer = torch.optim.Adadelta(network.parameters())
    for epoch in train_batches.epochs():
        loss = train(network, train_batches, optimizer)
        reached = accuracy(network, test_batches)
        train_batches.report_metric(reached, higher_is_better=True)
        print(f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {reached:.4f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Trains a classifier on one slice of Capriccio, under Zeus.

usage: train.py --data FOLDER --slice N [--batch-size N] [--learning-rate X] [--epochs N] [--seed N] [--model NAME]
"""

from __future__ import annotations

import argparse
import pathlib
import sys

import torch
from torch import nn
from torch.utils.data import TensorDataset

from classifier import BUCKETS, WORDS, Bag, Pretrained, pretrained_words
from slices import DataError, read_slice, words_as_numbers
from zeus.run import ZeusDataLoader

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a classifier on one slice of Capriccio, under Zeus.")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder of the slices")
    parser.add_argument("--slice", type=int, required=True, help="which slice, from 1")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.015)
    parser.add_argument("--epochs", type=int, default=20, help="train at most so many epochs [20]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default="bag", help="bag, or a HuggingFace model by name or folder [bag]")
    return parser.parse_args()


def prepare(arguments: argparse.Namespace) -> tuple[nn.Module, TensorDataset, TensorDataset]:
    """The model, and the slice as it wants it."""
    train_texts, train_labels, val_texts, val_labels = read_slice(arguments.data, arguments.slice)
    if arguments.model == "bag":
        model: nn.Module = Bag()
        train_words, val_words = (words_as_numbers(texts, BUCKETS, WORDS) for texts in (train_texts, val_texts))
    else:
        model = Pretrained(arguments.model)
        train_words, val_words = (pretrained_words(arguments.model, texts) for texts in (train_texts, val_texts))
    return model.to(DEVICE), TensorDataset(train_words, train_labels), TensorDataset(val_words, val_labels)


def train(model: nn.Module, batches: ZeusDataLoader, optimizer: torch.optim.Optimizer) -> float:
    """The mean loss of an epoch."""
    model.train()
    total = 0.0
    for words, labels in batches:
        loss = nn.functional.cross_entropy(model(words.to(DEVICE)), labels.to(DEVICE))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(batches)


@torch.no_grad()
def accuracy(model: nn.Module, batches: ZeusDataLoader) -> float:
    model.eval()
    right = count = 0
    for words, labels in batches:
        right += int((model(words.to(DEVICE)).argmax(1).cpu() == labels).sum())
        count += len(labels)
    return right / count


def main() -> int:
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    try:
        model, train_set, val_set = prepare(arguments)
    except DataError as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    train_batches = ZeusDataLoader(train_set, batch_size=arguments.batch_size, max_epochs=arguments.epochs, shuffle=True)
    val_batches = ZeusDataLoader(val_set, batch_size=arguments.batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.learning_rate)
    for epoch in train_batches.epochs():
        loss = train(model, train_batches, optimizer)
        reached = accuracy(model, val_batches)
        train_batches.report_metric(reached, higher_is_better=True)
        print(f"slice {arguments.slice}, epoch {epoch + 1}: loss {loss:.4f}, accuracy {reached:.4f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

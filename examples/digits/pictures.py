"""Scikit-learn's bundled handwritten digits as PyTorch data sets: 1797 pictures of 8 x 8 pixels."""

from __future__ import annotations

import numpy
import torch
from sklearn.datasets import load_digits
from torch.utils.data import TensorDataset

VALIDATION = 360


def load() -> tuple[TensorDataset, TensorDataset]:
    """The training and the validation set: the same pictures in every run.

    Each training picture is there five times: as it is, and moved by one pixel to each side.

    Returns:
        Pictures as float32 of shape (n, 1, 8, 8) from 0 to 1, with their digits as int64 of shape (n,).
    """
    digits = load_digits()
    order = numpy.random.default_rng(0).permutation(len(digits.target))
    pictures = torch.from_numpy(digits.images[order] / 16).float().unsqueeze(1)
    targets = torch.from_numpy(digits.target[order]).long()
    moves = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
    moved = torch.cat([torch.roll(pictures[VALIDATION:], move, dims=(2, 3)) for move in moves])
    return (
        TensorDataset(moved, targets[VALIDATION:].repeat(len(moves))),
        TensorDataset(pictures[:VALIDATION], targets[:VALIDATION]),
    )

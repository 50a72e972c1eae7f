"""How a learning rate follows the batch size."""

from __future__ import annotations

from dataclasses import dataclass

from zeus import _core
from zeus._arguments import integer, number

__all__ = ["LinearScaler", "SquareRootScaler"]


def _scale(optimizer: str, bs: int, lr: float, new_bs: int) -> float:
    return _core.scale_learning_rate(
        optimizer, number("lr", lr), integer("bs", bs, least=1), integer("new_bs", new_bs, least=1))


@dataclass
class SquareRootScaler:
    """Scales with the square root of the batch size, which suits adaptive optimizers such as Adam.

    Source: Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.

    Attributes:
        bs: A batch size.
        lr: The learning rate that goes with it.
    """

    bs: int
    lr: float

    def compute_lr(self, new_bs: int) -> float:
        """The learning rate for the batch size `new_bs`. ValueError for a batch size below 1."""
        return _scale("adam", self.bs, self.lr, new_bs)


@dataclass
class LinearScaler:
    """Scales with the batch size, which suits plain stochastic gradient descent.

    Source: Goyal et al., "Accurate, Large Minibatch SGD", 2017.

    Attributes:
        bs: A batch size.
        lr: The learning rate that goes with it.
    """

    bs: int
    lr: float

    def compute_lr(self, new_bs: int) -> float:
        """The learning rate for the batch size `new_bs`. ValueError for a batch size below 1."""
        return _scale("sgd", self.bs, self.lr, new_bs)

"""Hooks that a training loop calls, and whatever wants to follow it implements."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Callback", "CallbackSet"]


class Callback:
    """What may happen in a training run. Every hook does nothing until a subclass says otherwise."""

    def on_train_begin(self) -> None:
        """Training begins."""

    def on_train_end(self) -> None:
        """Training has ended."""

    def on_epoch_begin(self) -> None:
        """An epoch begins."""

    def on_epoch_end(self) -> None:
        """An epoch has ended."""

    def on_step_begin(self) -> None:
        """A training step begins."""

    def on_step_end(self) -> None:
        """A training step has ended."""

    def on_evaluate(self, metric: float) -> None:
        """The model was evaluated.

        Args:
            metric: The validation metric.
        """

    def on_instruction_begin(self, name: str) -> None:
        """An instruction of a pipeline schedule begins.

        Args:
            name: The instruction, such as "forward".
        """

    def on_instruction_end(self, name: str) -> None:
        """An instruction of a pipeline schedule has ended.

        Args:
            name: The instruction, such as "forward".
        """


class CallbackSet(Callback):
    """Several callbacks as one: each hook calls theirs, in their order. One that raises ends it."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        """Keeps the callbacks.

        Args:
            callbacks: Called in this order.
        """
        self.callbacks = list(callbacks)

    def on_train_begin(self) -> None:
        """Training begins."""
        for callback in self.callbacks:
            callback.on_train_begin()

    def on_train_end(self) -> None:
        """Training has ended."""
        for callback in self.callbacks:
            callback.on_train_end()

    def on_epoch_begin(self) -> None:
        """An epoch begins."""
        for callback in self.callbacks:
            callback.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """An epoch has ended."""
        for callback in self.callbacks:
            callback.on_epoch_end()

    def on_step_begin(self) -> None:
        """A training step begins."""
        for callback in self.callbacks:
            callback.on_step_begin()

    def on_step_end(self) -> None:
        """A training step has ended."""
        for callback in self.callbacks:
            callback.on_step_end()

    def on_evaluate(self, metric: float) -> None:
        """The model was evaluated."""
        for callback in self.callbacks:
            callback.on_evaluate(metric)

    def on_instruction_begin(self, name: str) -> None:
        """An instruction begins."""
        for callback in self.callbacks:
            callback.on_instruction_begin(name)

    def on_instruction_end(self, name: str) -> None:
        """An instruction has ended."""
        for callback in self.callbacks:
            callback.on_instruction_end(name)

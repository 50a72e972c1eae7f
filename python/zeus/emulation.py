"""Making emulated GPUs work for what the host computes.

Where there is no GPU, `zeus emulate` puts a modelled one in its place (docs/emulator.md). Nothing runs on it by itself,
so that a training script would train beside an idle GPU. `zeus.run.ZeusDataLoader` and
`zeus.profile.torch.ProfileDataLoader` therefore make the emulated GPU work for each batch, and a loop with another
loader does so with `step`. Everything measured then is the model's: time, power and energy are plausible, and no
measurement of any hardware. On a real GPU nothing here does anything.

`ZEUS_EMULATED_STEP` says what a batch of n samples takes the emulated GPU at its highest clock:

- not set: as long as this thread computes on the host. For a share 32 / (32 + n) of that the GPU waits for the host, so
  that small batches use it badly, as they use real ones.
- `STEP,SAMPLE`, such as `0.002,0.00009`: STEP seconds of waiting for the host and SAMPLE seconds of work for each
  sample; an evaluation's samples take a third. The same on every host that is faster than that.
- `off`: the loaders leave the emulated GPU alone, for scripts that use `step`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from zeus import _core

__all__ = ["gpus_are_emulated", "step", "BatchSteps"]

# Of a step, what the host takes to begin it, in samples; a third of training's work is its forward pass.
_HOST_SAMPLES = 32
_FORWARD_SHARE = 1 / 3
_MEMORY_SHARE = 0.2
_MEMORY_ACTIVITY = 0.5


def gpus_are_emulated() -> bool:
    """Whether this process's GPUs are emulated ones."""
    return _core.gpus_are_emulated()


@contextmanager
def step(
    gpu: int = 0,
    seconds: float | None = None,
    *,
    host_share: float = 0.0,
    memory_share: float = _MEMORY_SHARE,
    compute_activity: float = 1.0,
    memory_activity: float = _MEMORY_ACTIVITY,
) -> Iterator[None]:
    """Keeps an emulated GPU busy for the block, which ends when the GPU has done the step's work.

    One at a time for each GPU and process, entered and left on the same thread.

    Args:
        gpu: Counts the visible GPUs, from 0.
        seconds: What the step takes the GPU at its highest clock; None: what this thread computes in the block.
        host_share: Part of the step, 0 to 1, for which the GPU waits for the host.
        memory_share: Part of the step, 0 to 1, for which the GPU waits for its memory.
        compute_activity: How busy the GPU's units are while they compute, 0 to 1.
        memory_activity: How busy memory is while it is waited for, 0 to 1.

    Raises:
        ValueError: There is no such GPU, or a share is not from 0 to 1. Only on an emulated machine.
    """
    if not gpus_are_emulated():
        yield
        return
    steps = _core.EmulatedSteps(_core.nvml_index(dict(os.environ), gpu))
    steps.begin(seconds, host_share, memory_share, compute_activity, memory_activity)
    try:
        yield
    finally:
        steps.end()


class BatchSteps:
    """The steps of a data loader's batches; see the top of this page for what a batch takes."""

    def __init__(self, gpu: int, batch_size: int, *, forward_only: bool, per_batch: tuple[float, float] | None) -> None:
        """Use `for_loader` instead, which knows when there is none.

        Args:
            gpu: Counts the visible GPUs, from 0.
            batch_size: Samples of a batch that does not tell how many it has.
            forward_only: Whether samples are evaluated only.
            per_batch: Seconds for each batch and for each of its samples; None: as long as the host takes.
        """
        self._steps = _core.EmulatedSteps(_core.nvml_index(dict(os.environ), gpu))
        self._batch_size = batch_size
        self._forward_only = forward_only
        self._per_batch = per_batch

    @classmethod
    def for_loader(
        cls, gpu: int, batch_size: int, *, forward_only: bool, environment: Mapping[str, str]
    ) -> BatchSteps | None:
        """Steps for a loader whose batches run on this GPU; None where GPUs are real or `ZEUS_EMULATED_STEP` is off.

        Raises:
            ValueError: `ZEUS_EMULATED_STEP` is neither "off" nor two numbers from 0.
        """
        if not gpus_are_emulated():
            return None
        text = environment.get("ZEUS_EMULATED_STEP")
        if text == "off":
            return None
        return cls(gpu, batch_size, forward_only=forward_only, per_batch=None if text is None else _parse(text))

    def begin(self, batch: Any) -> None:
        """The work of this batch begins; it ends at once where the one before is still under way."""
        samples = _samples(batch, self._batch_size)
        if self._per_batch is None:
            seconds = None
            host_share = _HOST_SAMPLES / (_HOST_SAMPLES + samples)
        else:
            host, sample = self._per_batch
            work = samples * sample * (_FORWARD_SHARE if self._forward_only else 1)
            seconds = host + work
            host_share = host / seconds if seconds > 0 else 0.0
        self._steps.begin(seconds, host_share, _MEMORY_SHARE * (1 - host_share), 1.0, _MEMORY_ACTIVITY)

    def end(self) -> None:
        """Returns when the GPU has done the work of the batch, if one is under way."""
        self._steps.end()


def _parse(text: str) -> tuple[float, float]:
    try:
        host, sample = (float(part) for part in text.split(","))
    except ValueError:
        host = sample = -1.0
    if not (0 <= host <= 1e3 and 0 <= sample <= 1e3):
        raise ValueError(
            "ZEUS_EMULATED_STEP: expected off, or seconds for each batch and for each sample such as 0.002,0.00009, "
            f'found "{text}"')
    return host, sample


def _samples(batch: Any, otherwise: int) -> int:
    """How many samples a batch has: the length of its first part."""
    while isinstance(batch, (tuple, list, Mapping)) and len(batch) > 0:
        batch = next(iter(batch.values() if isinstance(batch, Mapping) else batch))
    shape = getattr(batch, "shape", None)
    return int(shape[0]) if shape is not None and len(shape) > 0 else otherwise

"""A DataLoader that finds the best power limit while its script trains, and ends the run when it should."""

from __future__ import annotations

import atexit
import logging
import os
import weakref
from collections.abc import Generator, Iterator
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler

from zeus import _core
from zeus._arguments import integer
from zeus.emulation import BatchSteps, gpus_are_emulated
from zeus.run.ranks import all_reduce
from zeus.utils.metric import ZeusCostThresholdExceededException

__all__ = ["ZeusDataLoader"]

_LOG = logging.getLogger("zeus.run")

# What TrainingSession.begin_epoch answers.
_TRAIN, _REACHED, _MAX_EPOCHS, _COST_THRESHOLD = range(4)


class _Run:
    """A training run: the session that the loaders of a script share, and where in it the script is."""

    def __init__(self, session: _core.TrainingSession) -> None:
        self.session = session
        self.phase: Literal["outside", "epoch", "window", "trained"] = "outside"
        self.ended = False
        # The training epoch under way, which a script may have abandoned.
        self.batches: weakref.ref[Generator[Any, None, None]] | None = None

    def end_abandoned_epoch(self) -> None:
        batches = self.batches() if self.batches is not None else None
        if batches is not None:
            batches.close()
        self.batches = None

    def close(self) -> None:
        self.phase = "outside"
        self.ended = True
        self.session.close()


# Of the train loader, while it lives: evaluation loaders find their run here.
_train_loader: weakref.ref[ZeusDataLoader] | None = None


def _current_run() -> _Run | None:
    loader = _train_loader() if _train_loader is not None else None
    return loader._run if loader is not None else None


class ZeusDataLoader(DataLoader[Any]):
    """Makes a training run use the best power limit, counts what it consumes, and ends it when it should.

    The loader that is given `max_epochs` is the train loader; the others of the script are for evaluation:

        train = ZeusDataLoader(train_set, batch_size=256, max_epochs=100)
        evaluation = ZeusDataLoader(eval_set, batch_size=256)
        for epoch in train.epochs():
            for batch in train: ...
            for batch in evaluation: ...
            train.report_metric(accuracy, higher_is_better=True)

    In data-parallel training, one process for each GPU of the node, every loader is given `distributed="dp"` and a
    `DistributedSampler` after `torch.distributed.init_process_group`; rank 0 measures and sets the GPUs 0 to
    world size - 1 and decides for all ranks. The metric that rank 0 reports is the one that counts.

    The first epoch profiles every power limit; the profile is kept in the log folder for later runs. Power limits are
    put back when the run ends, and when the process does, also by a signal; after a kill, by the next run or by `zeus
    restore`. An evaluation loader that is iterated while a training epoch is under way counts as part of that epoch;
    outside of `epochs()` nothing is accounted. On an emulated GPU each batch makes the GPU work (`zeus.emulation`), and
    all figures are the model's.

    Environment variables (docs/training.md): `ZEUS_TARGET_METRIC`, required, and `ZEUS_LOG_DIR`, `ZEUS_JOB_ID`,
    `ZEUS_COST_THRESH`, `ZEUS_ETA_KNOB`, `ZEUS_MONITOR_PATH`, `ZEUS_PROFILE_PARAMS`, `ZEUS_USE_OPTIMAL_PL`. Files:
    docs/formats.md, "Training session".

    Sources: Zeus (NSDI'23), sections 4.2 and 4.4; the interface is the published package's.
    """

    def __init__(
        self,
        *args: Any,
        batch_size: int,
        max_epochs: int = -1,
        distributed: Literal["dp"] | None = None,
        **kwargs: Any,
    ) -> None:
        """Makes the loader; the train loader also borrows the GPUs and reads the environment variables.

        Args:
            *args: Those of `torch.utils.data.DataLoader`.
            batch_size: Samples of a batch of this process, 1 or more.
            max_epochs: Epochs to train at most, 1 or more: for the train loader only.
            distributed: "dp" in data-parallel training, else None.
            **kwargs: Those of `torch.utils.data.DataLoader`.

        Raises:
            ValueError: There is a train loader already; the sampler is no `DistributedSampler`, or not of this process
                group; an environment variable is missing or cannot be followed; `max_epochs` is below 1.
            TypeError: `distributed` is neither "dp" nor None; the dataset has no length.
            RuntimeError: torch.distributed is not initialised; an epoch has too few batches to profile in; there is no
                GPU.
            PermissionError: This process may not change the GPUs' power limits.
        """
        batch_size = integer("batch_size", batch_size, least=1)
        max_epochs = integer("max_epochs", max_epochs)
        super().__init__(*args, batch_size=batch_size, **kwargs)
        self.split: Literal["train", "eval"] = "train" if max_epochs != -1 else "eval"
        self.max_epochs = max_epochs
        self.distributed = distributed
        self.rank, self.world_size = self._find_ranks(distributed)
        self._run: _Run | None = None
        # GPUs count as they do in the script: those that are visible, from 0.
        if distributed is None:
            first = torch.cuda.current_device() if torch.cuda.is_initialized() else 0
            gpus = [first]
        else:
            first = self.rank
            gpus = list(range(self.world_size))
        self._steps = BatchSteps.for_loader(
            first, batch_size, forward_only=self.split == "eval", environment=os.environ)
        if self.split == "train":
            self._begin_run(gpus)

    def _find_ranks(self, distributed: str | None) -> tuple[int, int]:
        """This process's rank and their number."""
        if distributed is None:
            return 0, 1
        if distributed != "dp":
            raise TypeError(f'distributed: expected "dp" or None, found {distributed!r}')
        if not dist.is_available():
            raise RuntimeError('distributed="dp": this PyTorch was built without torch.distributed')
        if not dist.is_initialized():
            raise RuntimeError(
                'distributed="dp": torch.distributed has no default process group yet; call '
                "torch.distributed.init_process_group before making a ZeusDataLoader")
        sampler = self.sampler
        if not isinstance(sampler, DistributedSampler):
            raise ValueError(
                f'sampler: expected a DistributedSampler with distributed="dp", found {type(sampler).__name__}')
        rank, world_size = dist.get_rank(), dist.get_world_size()
        if (sampler.rank, sampler.num_replicas) != (rank, world_size):
            raise ValueError(
                f"sampler: expected rank {rank} of {world_size} as in the process group, found rank {sampler.rank} of "
                f"{sampler.num_replicas}")
        return rank, world_size

    def _begin_run(self, gpus: list[int]) -> None:
        global _train_loader
        earlier = _current_run()
        if earlier is not None and not earlier.ended:
            raise ValueError(
                "max_epochs: this script has a train loader already; evaluation loaders are made without max_epochs")
        environment = dict(os.environ)
        length = self._length()
        session = _core.TrainingSession(
            environment=environment,
            batch_size=self._own_batch_size() * self.world_size,
            max_epochs=self.max_epochs,
            gpus=gpus,
            rank=self.rank,
            size=self.world_size,
            all_reduce=all_reduce if self.distributed == "dp" else None,
        )
        if session.profiling:
            try:
                _core.check_profile_window(environment, length)
            except ValueError as error:
                session.close()
                raise RuntimeError(f"{error}. A smaller batch size makes more batches") from error
        for note in session.notes:
            _LOG.warning("%s", note)
        if self.rank == 0 and gpus_are_emulated():
            _LOG.warning("the GPU is emulated: time, power and energy are a model's, and measure no hardware")
        self._run = _Run(session)
        _train_loader = weakref.ref(self)
        # Before the interpreter is taken apart; a run that has ended, or is gone, is closed already.
        run = weakref.ref(self._run)
        atexit.register(lambda: there.close() if (there := run()) is not None else None)

    def _own_batch_size(self) -> int:
        assert self.batch_size is not None
        return int(self.batch_size)

    def _length(self) -> int:
        try:
            return len(self)
        except TypeError as error:
            raise TypeError(
                f"dataset: expected one with a length, which tells how many batches an epoch has; {error}") from error

    def epochs(self) -> Generator[int, None, None]:
        """Yields the index of each epoch that is to be trained, from 0.

        Ends when the target metric was reached or `max_epochs` epochs were trained. The run's result is then saved and
        the power limits are put back. All ranks get the same answer in the same epoch.

        Raises:
            ZeusCostThresholdExceededException: With another epoch the run is expected to cost as much as
                `ZEUS_COST_THRESH`, or more. Its result is saved, too, and every rank raises it.
            RuntimeError: This is no train loader, the run has ended, or a GPU or another rank failed.
        """
        run = self._run
        if run is None:
            raise RuntimeError("epochs: this loader is for evaluation; the train loader is the one with max_epochs")
        if run.ended:
            raise RuntimeError("epochs: the run has ended; make a new train loader for another")
        session = run.session
        epoch = 0
        while True:
            run.end_abandoned_epoch()
            answer = session.begin_epoch()
            if answer == _TRAIN:
                run.phase = "epoch"
                yield epoch
                epoch += 1
                continue
            exceeded = session.cost_threshold_exceeded
            energy, time, cost, _, _ = session.result
            run.close()
            if self.rank == 0:
                _LOG.info("%s after %d epochs: time=%.2f s, energy=%.2f J, cost=%.2f J",
                          {_REACHED: "target reached", _MAX_EPOCHS: "max_epochs trained"}.get(answer, "cost threshold"),
                          epoch, time, energy, cost)
            if exceeded is not None:
                raise ZeusCostThresholdExceededException(*exceeded)
            return

    def report_metric(self, metric: float, higher_is_better: bool) -> None:
        """Tells the validation metric after an epoch; the next turn of `epochs` ends the run if the target is reached.

        Args:
            metric: Anything that `float` takes. In data-parallel training, reduced over the ranks; rank 0's counts.
            higher_is_better: True for an accuracy, False for a loss.

        Raises:
            TypeError: `metric` is no number.
            RuntimeError: This is no train loader, or no epoch was trained before.
        """
        if self._run is None:
            raise RuntimeError(
                "report_metric: this loader is for evaluation; the train loader is the one with max_epochs")
        try:
            number = float(metric)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(f"metric: expected a number, found {metric!r}") from error
        self._run.end_abandoned_epoch()
        self._run.session.report_metric(number, bool(higher_is_better))

    def __iter__(self) -> Iterator[Any]:
        """The batches, accounted for where they are part of an epoch."""
        run = self._run if self.split == "train" else _current_run()
        if run is None or run.ended or run.phase in ("outside", "window"):
            if self.split == "train":
                _LOG.warning("batches of the train loader outside of its epochs() are not accounted for")
            return self._plain_batches()
        if self.split == "eval":
            return self._evaluation_batches(run)
        batches = self._training_batches(run)
        run.batches = weakref.ref(batches)
        return batches

    def _plain_batches(self) -> Iterator[Any]:
        steps = self._steps
        batches: Iterator[Any] = super().__iter__()
        return batches if steps is None else _with_steps(batches, steps)

    def _training_batches(self, run: _Run) -> Generator[Any, None, None]:
        session = run.session
        session.begin_training(self._length())
        run.phase = "window"
        try:
            on_batch = session.on_batch
            for batch in self._plain_batches():
                on_batch()
                yield batch
        finally:
            run.phase = "trained"
            session.end_training()

    def _evaluation_batches(self, run: _Run) -> Generator[Any, None, None]:
        session = run.session
        session.begin_evaluation(self._length())
        run.phase = "window"
        try:
            yield from self._plain_batches()
        finally:
            run.phase = "trained"
            session.end_evaluation()


def _with_steps(batches: Iterator[Any], steps: BatchSteps) -> Generator[Any, None, None]:
    """The same batches, for each of which the emulated GPU works until the next one is asked for."""
    try:
        for batch in batches:
            steps.begin(batch)
            yield batch
            steps.end()
    finally:
        steps.end()

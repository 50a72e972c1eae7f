"""A DataLoader that logs power and the time of each epoch."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from typing import Any, Literal

import torch.distributed as dist
from torch.utils.data import DataLoader, Subset

from zeus import _core
from zeus._arguments import integer, number
from zeus.emulation import BatchSteps

__all__ = ["ProfileDataLoader"]

# Of this process: what logs power now, and the prefixes whose time files were begun.
_power_logs: list[Any] = []
_begun: set[str] = set()


class ProfileDataLoader(DataLoader[Any]):
    """An ordinary DataLoader that logs the power of all visible GPUs, and how long each epoch takes.

    Environment variables: `ZEUS_LOG_PREFIX`, required; `ZEUS_MONITOR_PATH`, a program with `zeus_monitor`'s command line
    that logs power instead of this process; `ZEUS_MONITOR_SLEEP_MS`, the time between samples ("100").

    Files: `{prefix}+gpu{I}.power.csv`, power logs (docs/formats.md) from the first batch to the end of the process;
    `{prefix}.time.csv` with the columns epoch (from 1, of each loader), split and time (s). In data-parallel training
    rank 0 writes them. On an emulated GPU each batch makes the GPU work (`zeus.emulation`).
    """

    def __init__(
        self,
        *args: Any,
        batch_size: int,
        split: Literal["train", "eval"],
        subset_proportion: float = 1.0,
        eat_batch_size: bool = False,
        only_scale_time: bool = False,
        **kwargs: Any,
    ) -> None:
        """Makes the loader.

        Args:
            *args: Those of `torch.utils.data.DataLoader`.
            batch_size: Samples of a batch.
            split: What the time file says of this loader's epochs.
            subset_proportion: Above 0, up to 1: this part of the data set is used, evenly spread, and times are scaled as
                if all of it were. The first batch's time, which is longer, is not scaled.
            eat_batch_size: Whether to keep `batch_size` from the DataLoader.
            only_scale_time: Whether to scale times but use the whole data set.
            **kwargs: Those of `torch.utils.data.DataLoader`.

        Raises:
            ValueError: An argument or environment variable is out of range, or the latter missing.
        """
        if split not in ("train", "eval"):
            raise ValueError(f"split should be either 'train' or 'eval'. Got {split!r}.")
        if not 0 < number("subset_proportion", subset_proportion) <= 1:
            raise ValueError(f"subset_proportion should be > 0.0 and <= 1.0. Got {subset_proportion}.")
        batch_size = integer("batch_size", batch_size, least=1)
        self.split = split
        self.epoch = 0
        self.scaling_factor = 1.0
        prefix = os.environ.get("ZEUS_LOG_PREFIX")
        if not prefix:
            raise ValueError("ZEUS_LOG_PREFIX is missing: the beginning of the names of the files to write")
        self.log_prefix = prefix
        self.monitor_path = os.environ.get("ZEUS_MONITOR_PATH", "")
        sleep = os.environ.get("ZEUS_MONITOR_SLEEP_MS", "100")
        if not (sleep.isascii() and sleep.isdigit() and len(sleep) < 8):
            raise ValueError(f'ZEUS_MONITOR_SLEEP_MS: expected milliseconds such as 100, found "{sleep}"')
        self.monitor_sleep_ms = int(sleep)
        if subset_proportion < 1:
            dataset = kwargs["dataset"] if "dataset" in kwargs else args[0]
            indices = range(0, len(dataset), round(1 / subset_proportion))
            if len(indices) <= batch_size:
                raise ValueError(
                    f"subset_proportion: {subset_proportion} leaves {len(indices)} samples, and more than a batch of "
                    f"{batch_size} are needed to scale time")
            self.scaling_factor = len(dataset) / (len(indices) - batch_size)
            if not only_scale_time:
                subset = Subset(dataset, list(indices))
                if "dataset" in kwargs:
                    kwargs["dataset"] = subset
                else:
                    args = (subset, *args[1:])
        if not eat_batch_size:
            kwargs["batch_size"] = batch_size
        super().__init__(*args, **kwargs)
        self._logs = not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0
        rank = dist.get_rank() if dist.is_available() and dist.is_initialized() else 0
        self._steps = BatchSteps.for_loader(rank, batch_size, forward_only=split == "eval", environment=os.environ)
        if self._logs and prefix not in _begun:
            with open(f"{prefix}.time.csv", "w", encoding="utf-8") as file:
                file.write("epoch,split,time\n")
            _begun.add(prefix)

    def __iter__(self) -> Iterator[Any]:
        """The batches of an epoch, which is timed if it is iterated to its end."""
        if self._logs and not _power_logs:
            self._log_power()
        self.epoch += 1
        return self._timed_batches(self.epoch)

    def _timed_batches(self, epoch: int) -> Generator[Any, None, None]:
        first = second = time.monotonic()
        batches = super().__iter__()
        try:
            for index, batch in enumerate(batches):
                if self._steps is not None:
                    self._steps.begin(batch)
                yield batch
                if self._steps is not None:
                    self._steps.end()
                if index == 0:
                    second = time.monotonic()
        finally:
            if self._steps is not None:
                self._steps.end()
        seconds = second - first + self.scaling_factor * (time.monotonic() - second)
        if self._logs:
            with open(f"{self.log_prefix}.time.csv", "a", encoding="utf-8") as file:
                file.write(f"{epoch},{self.split},{seconds}\n")
            print(f"epoch {epoch} {self.split} time consumed: {seconds:.2f}s", flush=True)

    def _log_power(self) -> None:
        environment = dict(os.environ)
        count = _core.count_visible_gpus(environment)
        paths = [f"{self.log_prefix}+gpu{index}.power.csv" for index in range(count)]
        if self.monitor_path:
            for index, path in enumerate(paths):
                _power_logs.append(subprocess.Popen(
                    [self.monitor_path, path, "0", str(self.monitor_sleep_ms),
                     str(_core.nvml_index(environment, index))],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        else:
            _power_logs.append(_core.PowerLogs(environment, paths, max(self.monitor_sleep_ms, 1) / 1000))
        owner = os.getpid()
        atexit.register(lambda: _end_power_logs() if os.getpid() == owner else None)


def _end_power_logs() -> None:
    """What was logged is on disk when this returns."""
    while _power_logs:
        log = _power_logs.pop()
        if isinstance(log, subprocess.Popen):
            log.send_signal(signal.SIGINT)
            log.wait()
        else:
            log.close()

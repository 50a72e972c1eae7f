"""Running the recurrences of a training job."""

from __future__ import annotations

import copy
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from zeus import _core
from zeus._arguments import flag, integer, number
from zeus.analyze import HistoryEntry
from zeus.job import Job
from zeus.policy import BatchSizeOptimizer

__all__ = ["ZeusMaster"]

_LOG = logging.getLogger("zeus.run")


class ZeusMaster:
    """Runs a training job again and again, and has a policy choose the batch size of each try.

    The job's command is a script with `ZeusDataLoader` in it, which is told what to do by environment variables
    (docs/running.md). Every try is saved to `history.json` in the run's log folder as soon as it ended; a run that was
    interrupted goes on from there. Source: Zeus (NSDI'23), section 4.
    """

    def __init__(
        self,
        batch_size_optimizer: BatchSizeOptimizer,
        log_base: str,
        monitor_path: str | None = None,
        seed: int = 123456,
        observer_mode: bool = False,
        profile_warmup_iters: int = 10,
        profile_measure_iters: int = 40,
    ) -> None:
        """Looks at the GPUs.

        Args:
            batch_size_optimizer: The policy; each `run` begins with a copy of it as it is now.
            log_base: The folder, absolute, below which each run gets a log folder of its own. It is made.
            monitor_path: A program with `zeus_monitor`'s command line, absolute, that is to write the power logs; None:
                the training does it itself.
            seed: Of a run's first try; each further one gets one more.
            observer_mode: Whether to find the best power limits, but train at the maximum.
            profile_warmup_iters: Batches at each power limit that are not measured, 1 or more.
            profile_measure_iters: Batches at each power limit that are measured, 1 or more.

        Raises:
            ValueError: A path is not absolute, or a number is out of range.
            TypeError: An argument has the wrong type.
            RuntimeError: There is no GPU.
        """
        if not isinstance(batch_size_optimizer, BatchSizeOptimizer):
            raise TypeError(
                f"batch_size_optimizer: expected a BatchSizeOptimizer, not {type(batch_size_optimizer).__name__}")
        for name, path in (("monitor_path", monitor_path), ("log_base", log_base)):
            if path is not None and not Path(path).is_absolute():
                raise ValueError(f"{name} must be specified as an absolute path. Got {path}.")
        self.bso = batch_size_optimizer
        self.log_base = str(log_base)
        self.monitor_path = None if monitor_path is None else str(monitor_path)
        self.seed = integer("seed", seed, least=0)
        self.observer_mode = flag("observer_mode", observer_mode)
        self.profile_warmup_iters = integer("profile_warmup_iters", profile_warmup_iters, least=1)
        self.profile_measure_iters = integer("profile_measure_iters", profile_measure_iters, least=1)
        name, largest, self._gpus = _core.read_job_gpus(dict(os.environ))
        self.max_pl = int(largest) if largest.is_integer() else largest
        os.makedirs(self.log_base, exist_ok=True)
        _LOG.info("%d GPUs, the first a %s; highest power limit %g W", self._gpus, name, largest)

    def build_logdir(
        self, job: Job, num_recurrence: int, eta_knob: float, beta_knob: float, exist_ok: bool = True
    ) -> str:
        """Makes a log folder for a run that begins now, below `log_base`, and returns its path.

        Args:
            job: What is run.
            num_recurrence: How often.
            eta_knob: As in `run`.
            beta_knob: As in `run`.
            exist_ok: Whether it may be there already.

        Raises:
            FileExistsError: It is there, and may not be.
        """
        path = self._new_folder(job, num_recurrence, eta_knob, beta_knob)
        os.makedirs(path, exist_ok=exist_ok)
        return path

    def _new_folder(self, job: Job, num_recurrence: int, eta_knob: float, beta_knob: float) -> str:
        now = time.strftime("%Y%m%d%H%M%S", time.localtime())
        return os.path.join(self.log_base, _core.run_folder_name(job, num_recurrence, eta_knob, beta_knob, now))

    def run(
        self,
        job: Job,
        num_recurrence: int,
        batch_sizes: Sequence[int],
        beta_knob: float,
        eta_knob: float,
        *,
        resume: str | os.PathLike[str] | None = None,
    ) -> list[HistoryEntry]:
        """Runs the job until it has recurred so often, and returns every try in order.

        What the trainings print goes to `{job id}.train.log` in the log folder, and to standard output. Ctrl-C ends the
        training that is under way; what was learned is kept.

        Args:
            job: With a command, a default batch size, and a default learning rate where the command asks for one.
            num_recurrence: How often the job recurs, 1 or more.
            batch_sizes: The feasible ones, the default among them.
            beta_knob: A try may cost this many times the cheapest recurrence so far; infinity: as much as it takes.
            eta_knob: What energy weighs against time, 0 to 1.
            resume: The log folder of a run that was interrupted, to go on with. Everything else as it was then; only
                more recurrences may be asked for.

        Raises:
            ValueError: An argument is out of range, or not as it was in the run to go on with.
            RuntimeError: A try failed (with the end of its log), the default batch size did not reach the target, or no
                batch size did in 20 tries.
            KeyboardInterrupt: Ctrl-C.
        """
        if not isinstance(job, Job):
            raise TypeError(f"job: expected a zeus.job.Job, not {type(job).__name__}")
        if job.default_bs is None:
            raise ValueError("job.default_bs: a run needs a default batch size")
        if not job.command:
            raise ValueError("job.command: a run needs a command")
        if not 0 <= number("eta_knob", eta_knob) <= 1:
            raise ValueError(f"eta_knob must be in [0.0, 1.0]. Got {eta_knob}.")
        if not number("beta_knob", beta_knob) > 0:
            raise ValueError(f"beta_knob: expected a number above 0, not {beta_knob}")
        recurrences = integer("num_recurrence", num_recurrence, least=1)
        sizes = sorted(integer("batch_sizes", size, least=1) for size in batch_sizes)
        folder = (self._new_folder(job, recurrences, eta_knob, beta_knob) if resume is None
                  else os.path.abspath(os.fspath(resume)))
        _LOG.info("log folder: %s", folder)
        with _monitor_path(self.monitor_path):
            tries, ended_by = _core.run_recurrences(
                job=job, command=list(job.command), optimizer=copy.deepcopy(self.bso), policy_name=str(self.bso.name),
                batch_sizes=sizes, recurrences=recurrences, eta=eta_knob, beta=beta_knob, seed=self.seed,
                observer=self.observer_mode, warmup=self.profile_warmup_iters, measure=self.profile_measure_iters,
                largest_limit=self.max_pl, gpus=self._gpus, folder=folder, resume=resume is not None,
                echo=_standard_output())
        if ended_by is not None:
            _LOG.warning("interrupted; go on with resume=%r", folder)
            if ended_by == signal.SIGINT:
                raise KeyboardInterrupt
            signal.raise_signal(ended_by)  # What the script would have done with it.
        return [HistoryEntry(*one) for one in tries]


def _standard_output() -> int | None:
    """The descriptor behind sys.stdout; None where there is none, as in a notebook."""
    try:
        sys.stdout.flush()
        return sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):
        return None


@contextmanager
def _monitor_path(path: str | None) -> Iterator[None]:
    """Trainings inherit this process's environment."""
    before = os.environ.get("ZEUS_MONITOR_PATH")
    if path is not None:
        os.environ["ZEUS_MONITOR_PATH"] = path
    try:
        yield
    finally:
        if path is not None:
            if before is None:
                del os.environ["ZEUS_MONITOR_PATH"]
            else:
                os.environ["ZEUS_MONITOR_PATH"] = before

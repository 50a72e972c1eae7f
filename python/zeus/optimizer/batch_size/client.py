"""`BatchSizeOptimizer`: a training script's side of the batch-size service."""

from __future__ import annotations

import atexit
import logging
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from zeus._arguments import number
from zeus.callback import Callback
from zeus.device.gpu import get_gpus
from zeus.optimizer.batch_size._connection import Connection
from zeus.optimizer.batch_size._model import Model
from zeus.optimizer.batch_size.common import (
    GET_NEXT_BATCH_SIZE_URL,
    REGISTER_JOB_URL,
    REPORT_END_URL,
    REPORT_RESULT_URL,
    CreatedJob,
    JobSpec,
    JobSpecFromClient,
    ReportResponse,
    TrainingResult,
    TrialId,
)
from zeus.optimizer.batch_size.exceptions import (
    ZeusBSOBadOperationError,
    ZeusBSOBaseError,
    ZeusBSOConfigError,
    ZeusBSOOperationOrderError,
    ZeusBSORuntimError,
    ZeusBSOTrainFailError,
)

__all__ = ["BatchSizeOptimizer", "Monitor"]

_LOG = logging.getLogger("zeus.optimizer")
_WINDOW = "BatciSizeOptimizerClient"  # As published; logs of windows are compared by it.

_M = TypeVar("_M", bound=Model)


class _Measured(Protocol):
    @property
    def time(self) -> float: ...
    @property
    def total_energy(self) -> float: ...


class Monitor(Protocol):
    """What is needed of a monitor: `zeus.monitor.ZeusMonitor` or one that replays its log."""

    @property
    def gpu_indices(self) -> Sequence[int]:
        """The GPUs that train, counted among the visible ones."""

    def begin_window(self, key: str) -> None:
        """Begins a window of this name."""

    def end_window(self, key: str) -> _Measured:
        """Ends it: J and s."""


class BatchSizeOptimizer(Callback):
    """Asks the service for a batch size, measures training, and reports each epoch.

    A script calls, in this order: `get_batch_size`; `on_train_begin`; and `on_evaluate` after each epoch. When the
    service says that training is over, `training_finished` is set, or `ZeusBSOTrainFailError` raised if it failed.
    Make one for each training. A process that ends without a result gives its trial back.
    """

    def __init__(
        self, monitor: Monitor, server_url: str, job: JobSpec, rank: int = 0, *, patience: float = 30.0
    ) -> None:
        """Registers the job, or finds it as it was registered before.

        A service that asks for tokens gets what the environment variable ZEUS_BSO_TOKEN holds.

        Args:
            monitor: Measures the GPUs that train and no others.
            server_url: The service's address, such as "http://127.0.0.1:8080".
            job: The job.
            rank: Of this process in data parallel training; only rank 0 may ask for a batch size.
            patience: How long a service that is away is tried again at each request, s.

        Raises:
            ZeusBSOConfigError: There is no GPU, or the address is none.
            ZeusBSORuntimError: The service refuses the job, such as one registered otherwise, or cannot be reached.
            ZeusGPUHeterogeneousError: The GPUs are of several models.
            ValueError: `patience` is negative.
        """
        if number("patience", patience) < 0:
            raise ValueError(f"patience: expected 0 or more, not {patience}")
        self.monitor = monitor
        self.server_url = server_url
        self.rank = rank
        self.cur_epoch = 0
        self.running_time = 0.0
        self.consumed_energy = 0.0
        self.training_finished = False
        self.trial_number = 0
        self.current_batch_size = 0
        self._connection = Connection(server_url, patience)

        gpus = get_gpus(ensure_homogeneous=True)
        if len(gpus) == 0 or len(monitor.gpu_indices) == 0:
            raise ZeusBSOConfigError("No GPUs detected.")
        self.job_spec = JobSpecFromClient.parse_obj({
            **job.dict(),
            "max_power": gpus.get_power_management_limit_constraints(0)[1] // 1000 * len(monitor.gpu_indices),
            "number_of_gpus": len(monitor.gpu_indices),
            "gpu_model": gpus.get_name(0),
        })
        # A job without a name gets one from the service: asked twice, it makes two jobs.
        answer = self._connection.request(
            "POST", REGISTER_JOB_URL, body=self.job_spec.json(), repeatable=self.job_spec.job_id is not None)
        self.job = _parse(CreatedJob, answer)
        _LOG.info("Job %s is registered at %s", self.job.job_id, server_url)

    def get_batch_size(self) -> int:
        """The batch size to train with; the same at every call.

        Raises:
            ZeusBSOBadOperationError: This is not rank 0.
            ZeusBSORuntimError: The service refuses, cannot be reached, or names a batch size that the job has not.
        """
        if self.rank != 0:
            raise ZeusBSOBadOperationError("Only rank 0 gpu can ask for a batch size.")
        if self.current_batch_size != 0:
            return self.current_batch_size
        trial = _parse(TrialId, self._connection.request(
            "GET", GET_NEXT_BATCH_SIZE_URL, query={"job_id": self.job.job_id}, repeatable=False))
        if trial.batch_size not in self.job.batch_sizes:
            raise ZeusBSORuntimError(f"Zeus server returned a strange batch_size: {trial.batch_size}")
        self.cur_epoch = 0
        self.current_batch_size = trial.batch_size
        self.trial_number = trial.trial_number
        atexit.register(self._end_trial, trial, os.getpid())
        _LOG.info("Job %s: trial %d trains with batch size %d", trial.job_id, trial.trial_number, trial.batch_size)
        return trial.batch_size

    def on_train_begin(self) -> None:
        """Training begins: so does what it costs."""
        self.training_finished = False
        self.monitor.begin_window(_WINDOW)

    def on_evaluate(self, metric: float) -> None:
        """An epoch has ended: reports what training has cost so far. Does nothing after training is over.

        Args:
            metric: The validation metric. One that is not a finite number, as of a run that diverged, counts as the
                worst there is.

        Raises:
            ZeusBSOOperationOrderError: `get_batch_size` was not called before.
            ZeusBSOTrainFailError: Training is over without its target: it cost too much, or its epochs are used up.
            ZeusBSORuntimError: The service refuses or cannot be reached.
        """
        if self.current_batch_size == 0:
            raise ZeusBSOOperationOrderError("Call get_batch_size to set the batch size first")
        if self.training_finished:
            return
        self.cur_epoch += 1
        measurement = self.monitor.end_window(_WINDOW)
        self.running_time += measurement.time
        self.consumed_energy += measurement.total_energy
        result = TrainingResult(
            job_id=self.job.job_id, batch_size=self.current_batch_size, trial_number=self.trial_number,
            time=self.running_time, energy=self.consumed_energy, metric=self._finite(metric),
            current_epoch=self.cur_epoch)
        answer = _parse(ReportResponse, self._connection.request(
            "POST", REPORT_RESULT_URL, body=result.json(), repeatable=True))
        if not answer.stop_train:
            self.monitor.begin_window(_WINDOW)
            return
        self.training_finished = True
        if not answer.converged:
            raise ZeusBSOTrainFailError(
                f"Train failed: {answer.message} This batch size will not be selected again. Please re-launch the training")

    def _finite(self, metric: float) -> float:
        value = float(metric)
        if math.isfinite(value):
            return value
        return -sys.float_info.max if self.job.higher_is_better_metric else sys.float_info.max

    def _end_trial(self, trial: TrialId, process: int) -> None:
        """Gives the trial back, unless its result is known. A child made by fork leaves its parent's alone."""
        if self.training_finished or os.getpid() != process:
            return
        try:
            self._connection.request("PATCH", REPORT_END_URL, body=trial.json(), repeatable=True)
        except ZeusBSOBaseError as error:
            _LOG.warning("Job %s: trial %d could not be ended: %s", trial.job_id, trial.trial_number, error)


def _parse(model: type[_M], answer: Any) -> _M:
    if not isinstance(answer, Mapping):
        raise ZeusBSORuntimError(f"Zeus server returned a strange answer: {answer!r}")
    try:
        return model.parse_obj(answer)
    except ValueError as error:
        raise ZeusBSORuntimError(f"Zeus server returned a strange answer: {error}") from error

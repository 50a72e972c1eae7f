"""What the batch-size service and its clients say to each other: routes and bodies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zeus.optimizer.batch_size._model import Model, as_bool, as_float, as_int, as_text, optional

__all__ = [
    "DELETE_JOB_URL",
    "GET_NEXT_BATCH_SIZE_URL",
    "REGISTER_JOB_URL",
    "REPORT_END_URL",
    "REPORT_RESULT_URL",
    "CreatedJob",
    "GpuConfig",
    "JobParams",
    "JobSpec",
    "JobSpecFromClient",
    "ReportResponse",
    "TrainingResult",
    "TrialId",
]

REGISTER_JOB_URL = "/jobs"
DELETE_JOB_URL = "/jobs"
GET_NEXT_BATCH_SIZE_URL = "/jobs/batch_size"
REPORT_RESULT_URL = "/report"
REPORT_END_URL = "/trials"


def _integers(name: str, value: Any) -> list[int]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise ValueError(f"{name}: expected a list of integers, not {value!r}")
    return sorted(as_int(name, one) for one in value)


@dataclass(kw_only=True)
class JobParams(Model):
    """A job as the service knows it.

    Attributes:
        job_id: Its name, which no other job has.
        job_id_prefix: What the name begins with.
        batch_sizes: Those to choose from; kept in ascending order.
        default_batch_size: The one to begin with, which is known to reach the target.
        eta_knob: What energy weighs against time in the cost, 0 to 1.
        beta_knob: Training is stopped when it has cost this many times the cheapest one so far; None never stops it.
        target_metric: The validation metric to reach.
        higher_is_better_metric: Whether to reach it means to be at least, not at most, there.
        max_epochs: Epochs after which training has failed.
        num_pruning_rounds: Rounds of exploration, in which every batch size that still qualifies is tried once.
        window_size: How many of its latest results a batch size is judged by; 0: all.
        mab_prior_mean: Mean of the belief before any result, as a reward, which is minus a cost, J.
        mab_prior_precision: Its precision, 1/J^2.
        mab_num_explorations: Results that each batch size must have before costs decide.
        mab_seed: Of the random numbers; None: the service picks one.
    """

    job_id: str
    job_id_prefix: str
    batch_sizes: list[int]
    default_batch_size: int
    eta_knob: float = 0.5
    beta_knob: float | None = 2.0
    target_metric: float = 0.5
    higher_is_better_metric: bool = True
    max_epochs: int = 100
    num_pruning_rounds: int = 2
    window_size: int = 0
    mab_prior_mean: float = 0.0
    mab_prior_precision: float = 0.0
    mab_num_explorations: int = 2
    mab_seed: int | None = None

    def __post_init__(self) -> None:
        """Converts and checks.

        Raises:
            ValueError: A value is of the wrong type or out of its range.
        """
        self.convert(
            job_id=as_text, job_id_prefix=as_text, batch_sizes=_integers, default_batch_size=as_int, eta_knob=as_float,
            beta_knob=optional(as_float), target_metric=as_float, higher_is_better_metric=as_bool, max_epochs=as_int,
            num_pruning_rounds=as_int, window_size=as_int, mab_prior_mean=as_float, mab_prior_precision=as_float,
            mab_num_explorations=as_int, mab_seed=optional(as_int))
        for name, least in (("default_batch_size", 1), ("max_epochs", 1), ("num_pruning_rounds", 0), ("window_size", 0),
                            ("mab_num_explorations", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: expected {least} or more, not {getattr(self, name)}")
        if not self.batch_sizes:
            raise ValueError(f"Batch Sizes = {self.batch_sizes} is empty")
        if not 0 <= self.eta_knob <= 1:
            raise ValueError("eta_knob should be in range [0,1]")
        if self.beta_knob is not None and not self.beta_knob > 0:
            raise ValueError(
                f"Invalid beta_knob({self.beta_knob}). To disable early stop, set beta_knob = None to disable or positive value.")
        if self.default_batch_size not in self.batch_sizes:
            raise ValueError(f"Default BS({self.default_batch_size}) not in batch_sizes({self.batch_sizes}).")


@dataclass(kw_only=True)
class JobSpec(JobParams):
    """A job as a script describes it: `JobParams`, of which `job_id` may be left to the service."""

    job_id: str | None = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Converts and checks.

        Raises:
            ValueError: As `JobParams`, or the job's name does not begin with its prefix.
        """
        named = self.job_id is not None
        self.job_id = self.job_id if named else ""
        super().__post_init__()
        if not named:
            self.job_id = None
        elif not str(self.job_id).startswith(self.job_id_prefix):
            raise ValueError(f"Job_id({self.job_id}) does not start with prefix({self.job_id_prefix}).")


@dataclass(kw_only=True)
class GpuConfig(Model):
    """The GPUs that a job trains on.

    Attributes:
        max_power: Their highest power limits together, W.
        number_of_gpus: How many they are.
        gpu_model: Their name.
    """

    max_power: float
    number_of_gpus: int
    gpu_model: str

    def __post_init__(self) -> None:
        """Converts and checks.

        Raises:
            ValueError: A value is of the wrong type or out of its range.
        """
        self.convert(max_power=as_float, number_of_gpus=as_int, gpu_model=as_text)
        for name in ("max_power", "number_of_gpus"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, not {getattr(self, name)}")
        if not self.gpu_model:
            raise ValueError(f"Invalid gpu_model({self.gpu_model}). Shouldn't be empty.")


@dataclass(kw_only=True)
class JobSpecFromClient(GpuConfig, JobSpec):
    """What registers a job: the body of `POST /jobs`."""

    def __post_init__(self) -> None:
        """Checks both halves; ValueError as they."""
        JobSpec.__post_init__(self)
        GpuConfig.__post_init__(self)


@dataclass(kw_only=True)
class CreatedJob(GpuConfig, JobParams):
    """A registered job, always with a name: the answer of `POST /jobs`."""

    def __post_init__(self) -> None:
        """Checks both halves; ValueError as they."""
        JobParams.__post_init__(self)
        GpuConfig.__post_init__(self)


@dataclass(kw_only=True)
class TrialId(Model):
    """One training of a job: the answer of `GET /jobs/batch_size`.

    Attributes:
        job_id: The job.
        batch_size: What to train with.
        trial_number: Counts the job's trials, from 1.
    """

    job_id: str
    batch_size: int
    trial_number: int

    def __post_init__(self) -> None:
        """Converts; ValueError for a wrong type."""
        self.convert(job_id=as_text, batch_size=as_int, trial_number=as_int)


@dataclass(kw_only=True)
class TrainingResult(TrialId):
    """What a trial has cost so far: the body of `POST /report`.

    Attributes:
        time: Since training began, s.
        energy: Since training began, J.
        metric: The validation metric of the epoch that has just ended.
        current_epoch: How many have ended.
    """

    time: float
    energy: float
    metric: float
    current_epoch: int

    def __post_init__(self) -> None:
        """Converts; ValueError for a wrong type."""
        super().__post_init__()
        self.convert(time=as_float, energy=as_float, metric=as_float, current_epoch=as_int)


@dataclass(kw_only=True)
class ReportResponse(Model):
    """What to do now: the answer of `POST /report`.

    Attributes:
        stop_train: Whether training is over.
        converged: Whether it reached its target at a bearable cost.
        message: Why.
    """

    stop_train: bool
    converged: bool
    message: str

    def __post_init__(self) -> None:
        """Converts; ValueError for a wrong type."""
        self.convert(stop_train=as_bool, converged=as_bool, message=as_text)

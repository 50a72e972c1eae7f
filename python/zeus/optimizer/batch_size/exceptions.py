"""What the batch-size service's client raises."""

from __future__ import annotations

from zeus.exception import ZeusBaseError

__all__ = [
    "ZeusBSOBadOperationError",
    "ZeusBSOBaseError",
    "ZeusBSOConfigError",
    "ZeusBSOOperationOrderError",
    "ZeusBSORuntimError",
    "ZeusBSOTrainFailError",
]


class ZeusBSOBaseError(ZeusBaseError):
    """What the others derive from."""


class ZeusBSORuntimError(ZeusBSOBaseError):
    """The service refused a request, answered with something unknown, or cannot be reached."""


class ZeusBSOTrainFailError(ZeusBSOBaseError):
    """Training ended without its target metric: the batch size cost too much, or the epochs are used up."""


class ZeusBSOConfigError(ZeusBSOBaseError):
    """The machine or an argument does not allow the job: no GPU, or an address that is none."""


class ZeusBSOOperationOrderError(ZeusBSOBaseError):
    """A method was called before the one that must come first."""


class ZeusBSOBadOperationError(ZeusBSOBaseError):
    """A rank other than 0 asked for the batch size."""

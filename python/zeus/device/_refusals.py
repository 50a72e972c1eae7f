"""What the node daemon refuses: errors that are `ZeusdError` besides what else they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from zeus.device.exception import ZeusdError
from zeus.exception import ZeusBaseError

__all__ = ["by_daemon"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


_refusals: dict[type[ZeusBaseError], type[ZeusBaseError]] = {}


def _refusal(kind: type[ZeusBaseError]) -> type[ZeusBaseError]:
    """That exception, and `ZeusdError` as well; the same each time. Pickled, it is the exception alone."""
    if kind in _refusals:
        return _refusals[kind]

    def reduce(self: ZeusBaseError) -> tuple[Callable[..., ZeusBaseError], tuple[Any, ...]]:
        return kind, self.args

    members = {"__doc__": kind.__doc__, "__module__": kind.__module__, "__reduce__": reduce}
    return _refusals.setdefault(kind, type(kind.__name__, (kind, ZeusdError), members))


def by_daemon(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """The method of a device that the daemon works for this process; its errors are refusals."""

    @wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except ZeusBaseError as error:
            raise _refusal(type(error))(*error.args) from None

    return call

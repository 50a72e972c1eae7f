"""Checks of arguments: what is wrong is said in the argument's own name."""

from __future__ import annotations

import math
import operator
from typing import SupportsFloat, SupportsIndex

__all__ = ["flag", "integer", "number"]


def integer(name: str, value: SupportsIndex, least: int | None = None) -> int:
    """The value of the argument `name` as an int; NumPy's integers are as good as Python's.

    Raises:
        TypeError: It is no integer.
        ValueError: It is below `least`, or does not fit into 64 bits.
    """
    try:
        result = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an int, not {type(value).__name__}") from None
    if least is not None and result < least:
        raise ValueError(f"{name}: expected {least} or more, not {result}")
    if not -2**63 <= result < 2**63:
        raise ValueError(f"{name}: {result} does not fit into 64 bits")
    return result


def number(name: str, value: SupportsFloat | SupportsIndex) -> float:
    """The value of the argument `name` as a float, which may be infinite.

    Raises:
        TypeError: It is no number.
        ValueError: It is not a number in the other sense, NaN.
    """
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name}: expected a number, not {type(value).__name__}")
    try:
        result = float(value)
    except TypeError:
        raise TypeError(f"{name}: expected a number, not {type(value).__name__}") from None
    if math.isnan(result):
        raise ValueError(f"{name}: expected a number, not NaN")
    return result


def flag(name: str, value: bool) -> bool:
    """The value of the argument `name` as a bool.

    Raises:
        TypeError: It is something else, such as a text.
    """
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):  # NumPy's has one of these names.
        return bool(value)
    raise TypeError(f"{name}: expected a bool, not {type(value).__name__}")

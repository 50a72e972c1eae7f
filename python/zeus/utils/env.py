"""Environment variables: `get_env`."""

from __future__ import annotations

import os
from typing import TypeVar, cast

__all__ = ["get_env"]

_T = TypeVar("_T")


def get_env(name: str, valtype: type[_T], default: _T | None = None) -> _T:
    """The value of an environment variable.

    Args:
        name: Its name.
        valtype: What it is turned into. For `bool` it must be true or false, in any case.
        default: Without it, a variable that is missing is an error.

    Raises:
        ValueError: The variable is missing, or its value is not of this type.
    """
    text = os.environ.get(name)
    if text is None:
        if default is None:
            raise ValueError(f"Missing environment variable '{name}'")
        return default
    if valtype is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"Strange boolean environment variable value '{text}' of '{name}'")
        return cast(_T, text.lower() == "true")
    try:
        return valtype(text)  # type: ignore[call-arg]
    except ValueError as error:
        raise ValueError(f"{name}: expected a value of type {valtype.__name__}, found '{text}'") from error

"""Dataclasses whose fields are converted to their types, and that become JSON and come from it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

__all__ = ["Model", "as_bool", "as_float", "as_int", "as_text", "optional"]

_M = TypeVar("_M", bound="Model")
_V = TypeVar("_V")

_Fields = dict[str, Any]  # By a name of its own: in the class, `dict` is a method.

_TRUE = (True, 1, "1", "true", "on", "t", "y", "yes")
_FALSE = (False, 0, "0", "false", "off", "f", "n", "no")


def as_int(name: str, value: Any) -> int:
    """An integer, or a text or a float that is one; ValueError otherwise."""
    try:
        number = int(value) if isinstance(value, str) else value
        if number == math.floor(number):
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name}: expected an integer, not {value!r}")


def as_float(name: str, value: Any) -> float:
    """A number or a text that is one, but not NaN; ValueError otherwise."""
    try:
        number = float(value)
        if not math.isnan(number):
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name}: expected a number, not {value!r}")


def as_bool(name: str, value: Any) -> bool:
    """A bool, or what is commonly written for one; ValueError otherwise."""
    plain = value.lower() if isinstance(value, str) else value
    for words, meaning in ((_TRUE, True), (_FALSE, False)):
        if isinstance(plain, (bool, int, str)) and plain in words:
            return meaning
    raise ValueError(f"{name}: expected a bool, not {value!r}")


def as_text(name: str, value: Any) -> str:
    """A text, or a number written as one; ValueError otherwise."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{name}: expected a text, not {value!r}")


def optional(convert: Callable[[str, Any], _V]) -> Callable[[str, Any], _V | None]:
    """The same conversion, to which None is None."""
    return lambda name, value: None if value is None else convert(name, value)


@dataclasses.dataclass(kw_only=True)
class Model:
    """Fields by name. `dict`, `json` and `parse_obj` are what scripts know from the published models."""

    def __post_init__(self) -> None:
        """Subclasses convert and check their fields here."""

    def convert(self, **conversions: Callable[[str, Any], object]) -> None:
        """Replaces each named field by what its conversion makes of it.

        Raises:
            ValueError: A conversion does not know the value.
        """
        for name, conversion in conversions.items():
            setattr(self, name, conversion(name, getattr(self, name)))

    def dict(self) -> _Fields:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def json(self) -> str:
        """The fields as a JSON object.

        Raises:
            ValueError: One of them is infinite, which JSON cannot say.
        """
        return json.dumps(self.dict(), allow_nan=False)

    @classmethod
    def parse_obj(cls: type[_M], fields: Any) -> _M:
        """Makes one of a mapping; names that it does not know are left out.

        Raises:
            ValueError: It is no mapping, a required field is missing, or a value is of the wrong type.
        """
        if not isinstance(fields, Mapping):
            raise ValueError(f"{cls.__name__}: expected an object, not {fields!r}")
        known = dataclasses.fields(cls)
        for field in known:
            if field.default is dataclasses.MISSING and field.name not in fields:
                raise ValueError(f"{cls.__name__}: {field.name} is missing")
        return cls(**{field.name: fields[field.name] for field in known if field.name in fields})

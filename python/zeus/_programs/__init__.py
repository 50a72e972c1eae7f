"""The commands of Zeus, which an installed package carries beside this file."""

from __future__ import annotations

import os
import pathlib
import sys
from typing import NoReturn

__all__ = ["zeus", "zeus_monitor"]


def _become(name: str) -> NoReturn:
    program = pathlib.Path(__file__).parent / "bin" / name
    try:
        os.execv(program, [name, *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"{name}: {program}: cannot be run: {error.strerror}")


def zeus() -> NoReturn:
    """The command `zeus`, in this process's place."""
    _become("zeus")


def zeus_monitor() -> NoReturn:
    """The command `zeus_monitor`, in this process's place."""
    _become("zeus_monitor")

"""What runs came to, and what power logs say."""

from __future__ import annotations

import os
from dataclasses import dataclass

from zeus import _core
from zeus._arguments import number

__all__ = ["HistoryEntry", "avg_power", "energy"]


@dataclass
class HistoryEntry:
    """One run of a job that ran, whether it reached its target or not.

    Attributes:
        bs: Batch size.
        pl: Power limit in watts.
        energy: Energy in joules.
        reached: Whether the target metric was reached.
        time: Time in seconds.
    """

    bs: int
    pl: int
    energy: float
    reached: bool
    time: float


def _analyze(logfile: os.PathLike[str] | str, start: float | None, end: float | None) -> tuple[float, float]:
    if not isinstance(logfile, (str, os.PathLike)):
        raise TypeError(f"logfile: expected a path, not {type(logfile).__name__}")
    return _core.analyze_power_log(
        os.fspath(logfile), None if start is None else number("start", start),
        None if end is None else number("end", end))


def energy(logfile: os.PathLike[str] | str, start: float | None = None, end: float | None = None) -> float:
    """The energy in joules under the samples of a power log: their area, by the trapezoid rule.

    Args:
        logfile: A log as `zeus_monitor` writes it: columns Time (UTC) and Power (mW). An incomplete last line is left
            out; a complete one counts.
        start: Samples before it are left out. Seconds from the first sample, or, where negative, from the last.
        end: Samples after it are left out. As `start`.

    Raises:
        FileNotFoundError: There is no such log.
        ValueError: The log is damaged (with file and line), or fewer than two samples are left.
    """
    return _analyze(logfile, start, end)[0]


def avg_power(logfile: os.PathLike[str] | str, start: float | None = None, end: float | None = None) -> float:
    """The average power in watts of a power log: the energy over the time between the first and the last sample.

    Args:
        logfile: As for `energy`.
        start: As for `energy`.
        end: As for `energy`.

    Raises:
        FileNotFoundError: There is no such log.
        ValueError: The log is damaged (with file and line), or fewer than two samples are left.
    """
    return _analyze(logfile, start, end)[1]

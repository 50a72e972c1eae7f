"""Systems on a chip: `get_soc`, which finds none."""

from __future__ import annotations

from zeus.device.soc.common import EmptySoC, SoC, SoCMeasurement, ZeusSoCInitError

__all__ = ["EmptySoC", "SoC", "SoCMeasurement", "ZeusSoCInitError", "get_soc"]


def get_soc() -> SoC:
    """The system on a chip of this machine.

    Raises:
        ZeusSoCInitError: Always: Apple's and Jetson's are not measured by this package.
    """
    raise ZeusSoCInitError("No observable SoC was found on the current machine.")

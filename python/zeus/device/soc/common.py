"""Systems on a chip: this package measures none, and says so as the published one does."""

from __future__ import annotations

from zeus.device.exception import ZeusBaseSoCError

__all__ = ["EmptySoC", "SoC", "SoCMeasurement", "ZeusSoCInitError"]


class ZeusSoCInitError(ZeusBaseSoCError):
    """There is no system on a chip whose energy can be read."""


class SoCMeasurement:
    """Energy of the parts of a system on a chip."""


class SoC:
    """A system on a chip: Apple's, or a Jetson."""

    def get_available_metrics(self) -> set[str]:
        """The names of what is measured."""
        raise NotImplementedError

    def get_total_energy_consumption(self) -> SoCMeasurement:
        """Energy since some moment before, mJ."""
        raise NotImplementedError


class EmptySoC(SoC):
    """None."""

    def get_available_metrics(self) -> set[str]:
        """Nothing is measured."""
        return set()

    def get_total_energy_consumption(self) -> SoCMeasurement:
        """Raises `ValueError`."""
        raise ValueError("No SoC is available.")

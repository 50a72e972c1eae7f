"""The cost that Zeus minimises, and the end of a run that has too much of it."""

from __future__ import annotations

from zeus.analyze import avg_power, energy

__all__ = ["ZeusCostThresholdExceededException", "avg_power", "energy", "zeus_cost"]


def zeus_cost(energy: float, time: float, eta_knob: float, max_power: float, num_gpus: int = 1) -> float:
    """Energy and time in one figure: eta * energy + (1 - eta) * MaxPower * time, in joules.

    Works element by element on NumPy arrays and pandas columns, too. Source: Zeus (NSDI'23), section 2.3, equation 2.

    Args:
        energy: Joules.
        time: Seconds.
        eta_knob: What energy weighs against time, from 0 (time alone) to 1 (energy alone).
        max_power: The highest power limit of one GPU, in watts.
        num_gpus: How many GPUs the job uses.
    """
    return eta_knob * energy + (1 - eta_knob) * (max_power * num_gpus) * time


class ZeusCostThresholdExceededException(Exception):
    """With another epoch, a training run is expected to cost as much as it may, or more."""

    def __init__(
        self,
        time_consumed: float,
        energy_consumed: float,
        cost: float,
        next_cost: float,
        cost_thresh: float,
    ) -> None:
        """Makes the exception.

        Args:
            time_consumed: So far, s.
            energy_consumed: So far, J.
            cost: So far, J.
            next_cost: What is expected with another epoch, J.
            cost_thresh: What the run may cost, J.
        """
        super().__init__(
            f"another epoch is expected to cost {next_cost:.2f} J in all, and {cost_thresh:.2f} J are the threshold; "
            f"so far time={time_consumed:.2f} s, energy={energy_consumed:.2f} J, cost={cost:.2f} J")
        self.time_consumed = time_consumed
        self.energy_consumed = energy_consumed
        self.cost = cost
        self.next_cost = next_cost
        self.cost_thresh = cost_thresh

    def __reduce__(self) -> tuple[type[ZeusCostThresholdExceededException], tuple[float, float, float, float, float]]:
        """Pickles by the figures, so that it comes out of a worker process whole."""
        return type(self), (self.time_consumed, self.energy_consumed, self.cost, self.next_cost, self.cost_thresh)

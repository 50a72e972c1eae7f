"""The cost that Zeus minimises."""

from __future__ import annotations

__all__ = ["zeus_cost"]


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

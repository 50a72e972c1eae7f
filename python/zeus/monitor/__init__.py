"""Measuring energy, power and temperature.

- `ZeusMonitor`: energy in named windows.
- `PowerMonitor`, `TemperatureMonitor`: samples over time.
- `PowerStreamingClient`: the power of many nodes, as their daemons tell it.
- `ZeusMonitorContext`: some steps of a training loop.

`python -m zeus.monitor energy` and `power` measure from the command line.
"""

from __future__ import annotations

from zeus.monitor.context import ZeusMonitorContext
from zeus.monitor.energy import Measurement, ZeusMonitor
from zeus.monitor.power import PowerDomain, PowerMonitor, PowerSample
from zeus.monitor.power_streaming import CpuPowerReading, PowerReadings, PowerStreamingClient
from zeus.monitor.temperature import TemperatureMonitor

__all__ = [
    "CpuPowerReading",
    "Measurement",
    "PowerDomain",
    "PowerMonitor",
    "PowerReadings",
    "PowerSample",
    "PowerStreamingClient",
    "TemperatureMonitor",
    "ZeusMonitor",
    "ZeusMonitorContext",
]

"""A node's daemon, `zeusd`: what it can do, and asking it.

    config = ZeusdConfig.from_env() or ZeusdConfig.uds("/run/zeusd/zeusd.sock")
    client = ZeusdClient(config)
    require_capabilities(client, control_gpu=True, gpu_ids=[0])
    client.set_power_limit([0], 150_000)

Power of many nodes at once: `zeus.monitor.PowerStreamingClient`. Source: the published package's module of this name.
"""

from __future__ import annotations

from zeus.utils.zeusd._answers import (
    CpuDramPower,
    CpuEnergyResult,
    CpuInfo,
    CpuPowerSnapshot,
    GpuInfo,
    GpuPowerSnapshot,
)
from zeus.utils.zeusd._capabilities import require_capabilities
from zeus.utils.zeusd._client import ZeusdClient
from zeus.utils.zeusd._config import ZeusdConfig
from zeus.utils.zeusd._errors import ZeusdAuthError, ZeusdCapabilityError, ZeusdConnectionError, ZeusdError

__all__ = [
    "CpuDramPower",
    "CpuEnergyResult",
    "CpuInfo",
    "CpuPowerSnapshot",
    "GpuInfo",
    "GpuPowerSnapshot",
    "ZeusdAuthError",
    "ZeusdCapabilityError",
    "ZeusdClient",
    "ZeusdConfig",
    "ZeusdConnectionError",
    "ZeusdError",
    "require_capabilities",
]

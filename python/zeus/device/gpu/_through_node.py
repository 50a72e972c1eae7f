"""GPUs whose settings the node daemon changes."""

from __future__ import annotations

from zeus.device._refusals import by_daemon
from zeus.device.gpu.common import GPU

__all__ = ["NodeGPU"]


class NodeGPU(GPU):
    """A GPU whose settings the node daemon changes; what it refuses is a `ZeusdError` besides what else it is.

    `block=False` returns at once; what then fails is told on standard error. Settings come back when this process
    ends, as always.
    """

    set_power_management_limit = by_daemon(GPU.set_power_management_limit)
    reset_power_management_limit = by_daemon(GPU.reset_power_management_limit)
    set_persistence_mode = by_daemon(GPU.set_persistence_mode)
    set_memory_locked_clocks = by_daemon(GPU.set_memory_locked_clocks)
    reset_memory_locked_clocks = by_daemon(GPU.reset_memory_locked_clocks)
    set_gpu_locked_clocks = by_daemon(GPU.set_gpu_locked_clocks)
    reset_gpu_locked_clocks = by_daemon(GPU.reset_gpu_locked_clocks)

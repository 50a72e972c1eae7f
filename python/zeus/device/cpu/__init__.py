"""The processors of this machine: `get_cpus`, the classes it returns, and their exceptions."""

from __future__ import annotations

import os

from zeus import _core
from zeus.device.cpu.common import (
    CPU,
    CpuDramMeasurement,
    CPUs,
    EmptyCPUs,
    ZeusCPUInitError,
    ZeusCPUNoPermissionError,
    ZeusCPUNotFoundError,
)
from zeus.device.cpu.rapl import ZeusdRAPLCPU

__all__ = [
    "CPU",
    "CPUs",
    "CpuDramMeasurement",
    "EmptyCPUs",
    "ZeusCPUInitError",
    "ZeusCPUNoPermissionError",
    "ZeusCPUNotFoundError",
    "ZeusdRAPLCPU",
    "get_cpus",
]

_cpus: CPUs | None = None


def get_cpus() -> CPUs:
    """The processor packages whose energy Linux's powercap (RAPL) counts, found by the first call.

    Where this process may not read them, and ZEUSD_SOCK_PATH or ZEUSD_HOST_PORT leads to the node daemon, that does.

    Returns:
        The same object at each call. A process made by fork finds its own.

    Raises:
        ZeusCPUInitError: This machine has no such counters; or the daemon was asked for and cannot be used.
        ZeusCPUNoPermissionError: It has, and this process may not read them.
        ZeusRAPLFileInitError: A counter's file is damaged.
    """
    global _cpus
    if _cpus is None:
        _cpus = CPUs([
            (ZeusdRAPLCPU if device.is_through_node else CPU)(index, device)
            for index, device in enumerate(_core.cpus())])
    return _cpus


def _forget_after_fork() -> None:
    global _cpus
    _cpus = None


os.register_at_fork(after_in_child=_forget_after_fork)

"""The GPUs of this machine: `get_gpus`, the classes it returns, and their exceptions."""

from __future__ import annotations

import os

from zeus import _core
from zeus.device.gpu import common
from zeus.device.gpu.amd import ZeusdAMDGPU
from zeus.device.gpu.common import *
from zeus.device.gpu.common import GPU, GPUs
from zeus.device.gpu.nvidia import ZeusdNVIDIAGPU

__all__ = ["ZeusdAMDGPU", "ZeusdNVIDIAGPU", "get_gpus"]
__all__ += common.__all__

_gpus: GPUs | None = None


def get_gpus(ensure_homogeneous: bool = False) -> GPUs:
    """The GPUs of this process, found by the first call: NVIDIA's through NVML, or else AMD's through AMD SMI.

    They are those that CUDA_VISIBLE_DEVICES, or for AMD HIP_VISIBLE_DEVICES, names, in that order and numbered from 0;
    without the variable all. Entries may be numbers or UUIDs. A process made by fork finds its own.

    Where ZEUSD_SOCK_PATH or ZEUSD_HOST_PORT leads to the node daemon (ZEUSD_TOKEN is its token), that changes their
    settings in this process's place, so that it needs no privileges; and reads them where no library here does.

    Args:
        ensure_homogeneous: Whether all must be of one name.

    Returns:
        The same object at each call.

    Raises:
        ZeusGPUInitError: There is no GPU library that works, or the variable cannot be followed, such as an empty one
            or one with MIG slices, whose energy no library tells; or the daemon was asked for and cannot be used.
        ZeusGPUHeterogeneousError: They must be of one name and are not.
    """
    global _gpus
    if _gpus is None:
        _gpus = GPUs([_class_of(device)(index, device) for index, device in enumerate(_core.visible_gpus())])
    if ensure_homogeneous:
        _gpus._ensure_homogeneous()
    return _gpus


def _class_of(device: _core.Gpu) -> type[GPU]:
    if not device.is_through_node:
        return GPU
    return ZeusdNVIDIAGPU if device.is_nvidia else ZeusdAMDGPU


def _forget_after_fork() -> None:
    global _gpus
    _gpus = None


os.register_at_fork(after_in_child=_forget_after_fork)

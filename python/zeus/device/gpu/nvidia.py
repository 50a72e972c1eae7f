"""NVIDIA's GPUs through the node daemon: the class under its published name."""

from __future__ import annotations

from zeus.device.gpu.common import GPU

__all__ = ["ZeusdNVIDIAGPU"]


class ZeusdNVIDIAGPU(GPU):
    """An NVIDIA GPU whose settings the node daemon changes; `zeus.device.get_gpus` makes it.

    `block=False` returns at once; what then fails is told on standard error. Settings come back when this process
    ends, as always.
    """

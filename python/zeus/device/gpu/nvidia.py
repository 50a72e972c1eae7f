"""NVIDIA's GPUs through the node daemon: the class under its published name."""

from __future__ import annotations

from zeus.device.gpu._through_node import NodeGPU

__all__ = ["ZeusdNVIDIAGPU"]


class ZeusdNVIDIAGPU(NodeGPU):
    """An NVIDIA GPU whose settings the node daemon changes; `zeus.device.get_gpus` makes it."""

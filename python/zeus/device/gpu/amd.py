"""AMD's GPUs through the node daemon: the class under its published name."""

from __future__ import annotations

from zeus.device.gpu._through_node import NodeGPU

__all__ = ["ZeusdAMDGPU"]


class ZeusdAMDGPU(NodeGPU):
    """An AMD GPU whose settings the node daemon changes; `zeus.device.get_gpus` makes it."""

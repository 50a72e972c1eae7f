"""The ranks that train together, as torch.distributed lets them talk."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist

__all__ = ["all_reduce"]


def all_reduce(values: Sequence[float], operation: str) -> list[float]:
    """Replaces each value by the sum or the largest over all ranks of the default process group.

    Args:
        values: As many on every rank.
        operation: "sum" or "max".

    Raises:
        RuntimeError: A rank is gone; what the backend says. gloo and nccl notice within their timeouts.
    """
    # NCCL reduces what lies on the GPU, the others what lies in the host's memory.
    on_gpu = dist.get_backend() == "nccl"
    device = torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")
    tensor = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(tensor, op=dist.ReduceOp.SUM if operation == "sum" else dist.ReduceOp.MAX)
    return [float(value) for value in tensor.tolist()]

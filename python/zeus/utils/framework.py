"""What frameworks are asked for: waiting for their GPUs, adding up over ranks. None is imported before it is needed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Literal

__all__ = [
    "all_reduce",
    "cupy_is_available",
    "get_rank",
    "get_world_size",
    "is_distributed",
    "jax_is_available",
    "sync_execution",
    "torch_is_available",
]


def torch_is_available(ensure_available: bool = False, ensure_cuda: bool = True) -> bool:
    """Whether PyTorch can be imported, and sees a GPU.

    Args:
        ensure_available: Whether it is an error where not.
        ensure_cuda: Whether it must see a GPU.

    Raises:
        RuntimeError: It is not available and must be.
    """
    try:
        import torch
    except ImportError as error:
        if ensure_available:
            raise RuntimeError("Failed to import Pytorch") from error
        return False
    if ensure_cuda and not torch.cuda.is_available():
        if ensure_available:
            raise RuntimeError("PyTorch is available but does not have CUDA support.")
        return False
    return True


def jax_is_available(ensure_available: bool = False, ensure_cuda: bool = True) -> bool:
    """Whether JAX can be imported, and sees a GPU; else as `torch_is_available`."""
    try:
        import jax
    except ImportError as error:
        if ensure_available:
            raise RuntimeError("Failed to import JAX") from error
        return False
    if ensure_cuda:
        try:
            jax.devices("gpu")
        except RuntimeError as error:
            if ensure_available:
                raise RuntimeError("JAX is available but does not have CUDA support.") from error
            return False
    return True


def cupy_is_available(ensure_available: bool = False) -> bool:
    """Whether CuPy can be imported; else as `torch_is_available`."""
    try:
        import cupy  # noqa: F401
    except ImportError as error:
        if ensure_available:
            raise RuntimeError("Failed to import CuPy") from error
        return False
    return True


def sync_execution(gpu_devices: Sequence[int], sync_with: Literal["torch", "jax", "cupy"] = "torch") -> None:
    """Waits until a framework's GPUs have done what is queued on them.

    Args:
        gpu_devices: Which, as the framework numbers them. JAX's processor is waited for, too.
        sync_with: The framework.

    Raises:
        RuntimeError: The framework is not installed, or without support for GPUs.
        ValueError: It is none of these.
    """
    if sync_with == "torch":
        torch_is_available(ensure_available=True)
        import torch

        for device in gpu_devices:
            torch.cuda.synchronize(device)
    elif sync_with == "jax":
        jax_is_available(ensure_available=True, ensure_cuda=bool(gpu_devices))
        import jax

        places = [jax.devices("gpu")[device] for device in gpu_devices] + [jax.devices("cpu")[0]]
        for place in places:
            (jax.device_put(0.0, device=place) + 0).block_until_ready()
    elif sync_with == "cupy":
        cupy_is_available(ensure_available=True)
        import cupy

        for device in gpu_devices:
            cupy.cuda.Device(device).synchronize()
    else:
        raise ValueError(f"sync_with: expected 'torch', 'jax' or 'cupy', found {sync_with!r}")


def _process_group() -> Any | None:
    """torch.distributed where it is initialised. A process that has not imported torch has initialised nothing."""
    if "torch" not in sys.modules:
        return None
    import torch.distributed

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed
    return None


def all_reduce(object: list[int] | list[float], operation: Literal["sum", "max"]) -> list[int] | list[float]:
    """Numbers, each added up over all ranks of torch.distributed, or the largest of each; without ranks, as they are.

    Args:
        object: This rank's numbers.
        operation: Which.

    Raises:
        ValueError: It is neither.
    """
    if operation not in ("sum", "max"):
        raise ValueError(f"all_reduce unsupported operation: {operation}")
    group = _process_group()
    if group is None:
        return object
    import torch

    device = "cuda" if group.get_backend() == "nccl" else "cpu"
    tensor = torch.tensor(object, device=device)
    group.all_reduce(tensor, op=group.ReduceOp.SUM if operation == "sum" else group.ReduceOp.MAX)
    reduced: list[int] | list[float] = tensor.cpu().tolist()
    return reduced


def is_distributed() -> bool:
    """Whether torch.distributed is initialised in this process."""
    return _process_group() is not None


def get_rank() -> int:
    """This process's rank; 0 without torch.distributed."""
    group = _process_group()
    return 0 if group is None else int(group.get_rank())


def get_world_size() -> int:
    """How many ranks there are; 1 without torch.distributed."""
    group = _process_group()
    return 1 if group is None else int(group.get_world_size())

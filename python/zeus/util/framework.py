"""`zeus.utils.framework`, under the name it had before."""

from __future__ import annotations

from zeus.utils.framework import (
    all_reduce,
    cupy_is_available,
    get_rank,
    get_world_size,
    is_distributed,
    jax_is_available,
    sync_execution,
    torch_is_available,
)

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

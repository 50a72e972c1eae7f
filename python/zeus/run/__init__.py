"""Training under Zeus, and running jobs that recur.

- `ZeusDataLoader` stands in for PyTorch's DataLoader in a training script: it finds the best power limit, accounts time
  and energy, and ends the run at its target or when it costs too much.
- `ZeusMaster` runs the recurrences of such a script and learns the best batch size.

Only `ZeusDataLoader` needs PyTorch, which is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zeus.run.master import ZeusMaster

if TYPE_CHECKING:
    from zeus.run.dataloader import ZeusDataLoader as ZeusDataLoader

__all__ = ["ZeusDataLoader", "ZeusMaster"]


def __getattr__(name: str) -> Any:
    if name == "ZeusDataLoader":
        from zeus.run.dataloader import ZeusDataLoader

        return ZeusDataLoader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The power-limit optimizer as a callback of HuggingFace's Trainer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeus.optimizer.power_limit import GlobalPowerLimitOptimizer, Monitor, OptimumSelector

if TYPE_CHECKING:
    _TrainerCallback = object
    _MISSING: ImportError | None = None
else:
    try:
        from transformers import TrainerCallback as _TrainerCallback

        _MISSING = None
    except ImportError as error:
        _TrainerCallback = object
        _MISSING = error

__all__ = ["HFGlobalPowerLimitOptimizer"]


class HFGlobalPowerLimitOptimizer(_TrainerCallback):
    """`GlobalPowerLimitOptimizer` for `transformers.Trainer(callbacks=[...])`."""

    def __init__(
        self,
        monitor: Monitor,
        optimum_selector: OptimumSelector | None = None,
        wait_steps: int = 1,
        warmup_steps: int = 10,
        profile_steps: int = 40,
        pl_step: int = 25,
        profile_path: str | Path | None = None,
    ) -> None:
        """As `GlobalPowerLimitOptimizer`.

        Raises:
            ImportError: The package transformers is not installed.
        """
        if _MISSING is not None:
            raise ImportError(
                "HFGlobalPowerLimitOptimizer needs the package transformers, which is not installed") from _MISSING
        self.optimizer = GlobalPowerLimitOptimizer(
            monitor, optimum_selector, wait_steps, warmup_steps, profile_steps, pl_step, profile_path)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """An epoch has ended."""
        self.optimizer.on_epoch_end()

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A training step begins."""
        self.optimizer.on_step_begin()

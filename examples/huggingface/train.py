#!/usr/bin/env python3
"""Trains a small BERT with HuggingFace's Trainer, and finds the best GPU power limit meanwhile.

The model is made from a configuration and the data are made up: nothing is downloaded.

usage: train.py [--batch-size N] [--steps N] [--profile FILE] [--seed N]
"""

from __future__ import annotations

import argparse
import pathlib
import tempfile
from typing import Any

import torch
from transformers import Trainer, TrainingArguments, set_seed

import zeus.emulation
from majorities import Majorities, accuracy, make_model
from zeus.monitor import ZeusMonitor
from zeus.optimizer.power_limit import HFGlobalPowerLimitOptimizer


class EmulatedTrainer(Trainer):  # type: ignore[misc]
    """A Trainer whose steps make the GPU work also where it is emulated; on a real GPU, an ordinary Trainer."""

    def training_step(self, *arguments: Any, **named: Any) -> torch.Tensor:
        with zeus.emulation.step():
            loss: torch.Tensor = super().training_step(*arguments, **named)
            return loss


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains a small BERT with HuggingFace's Trainer, under Zeus.")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=200, help="train so many steps [200]")
    parser.add_argument("--profile", type=pathlib.Path, help="where the measured power limits are kept")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    set_seed(arguments.seed)
    monitor = ZeusMonitor(gpu_indices=[torch.cuda.current_device() if torch.cuda.is_available() else 0])
    power_limits = HFGlobalPowerLimitOptimizer(
        monitor, warmup_steps=2, profile_steps=8,
        profile_path=str(arguments.profile) if arguments.profile is not None else None)
    with tempfile.TemporaryDirectory() as folder:
        trainer = EmulatedTrainer(
            model=make_model(),
            args=TrainingArguments(
                output_dir=folder, max_steps=arguments.steps, per_device_train_batch_size=arguments.batch_size,
                per_device_eval_batch_size=256, learning_rate=2e-3, save_strategy="no", report_to=[], disable_tqdm=True,
                logging_steps=50, seed=arguments.seed),
            train_dataset=Majorities(2000, 1), eval_dataset=Majorities(500, 2), compute_metrics=accuracy,
            callbacks=[power_limits])
        monitor.begin_window("training")
        trainer.train()
        used = monitor.end_window("training")
        print(f"accuracy {trainer.evaluate()['eval_accuracy']:.3f} after {used.time:.1f} s and {used.total_energy:.0f} J")


if __name__ == "__main__":
    main()

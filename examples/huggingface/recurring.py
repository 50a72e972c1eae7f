#!/usr/bin/env python3
"""Trains a small BERT with HuggingFace's Trainer, as a job that recurs: `zeus run job.toml`.

usage: recurring.py --batch-size N --learning-rate X [--epochs N] [--seed N]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from typing import Any

from torch.utils.data import DataLoader
from transformers import (Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments,
                          default_data_collator, set_seed)

from majorities import Majorities, accuracy, make_model
from zeus.run import ZeusDataLoader
from zeus.util import ZeusCostThresholdExceededException

# Where the GPU is an emulated one, what a batch takes it: 5 ms, and 50 us for each row.
os.environ.setdefault("ZEUS_EMULATED_STEP", "0.005,0.00005")


class ZeusTrainer(Trainer):  # type: ignore[misc]
    """A Trainer that takes its batches from Zeus's loaders."""

    def __init__(self, train: ZeusDataLoader, evaluation: ZeusDataLoader, **named: Any) -> None:
        super().__init__(train_dataset=train.dataset, eval_dataset=evaluation.dataset, **named)
        self.train_loader = train
        self.evaluation_loader = evaluation

    def get_train_dataloader(self) -> DataLoader[Any]:
        return self.train_loader

    def get_eval_dataloader(self, eval_dataset: object = None) -> DataLoader[Any]:
        return self.evaluation_loader


class EndsWhenZeusSays(TrainerCallback):  # type: ignore[misc]
    """Tells Zeus each epoch's accuracy, and ends the training when it has had enough."""

    def __init__(self, train: ZeusDataLoader) -> None:
        self.train_loader = train
        self.epochs = train.epochs()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        next(self.epochs)

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl,
                    metrics: dict[str, float], **_: Any) -> None:
        print(f"epoch {state.epoch:.0f}: accuracy {metrics['eval_accuracy']:.4f}", flush=True)
        self.train_loader.report_metric(metrics["eval_accuracy"], higher_is_better=True)
        control.should_training_stop = next(self.epochs, None) is None


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains a small BERT as a job that recurs, under Zeus.")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--epochs", type=int, default=12, help="train at most so many [12]")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    set_seed(arguments.seed)

    train = ZeusDataLoader(Majorities(2000, 1), batch_size=arguments.batch_size, max_epochs=arguments.epochs,
                           shuffle=True, collate_fn=default_data_collator)
    evaluation = ZeusDataLoader(Majorities(500, 2), batch_size=256, collate_fn=default_data_collator)
    with tempfile.TemporaryDirectory() as folder:
        trainer = ZeusTrainer(
            train, evaluation, model=make_model(), compute_metrics=accuracy, callbacks=[EndsWhenZeusSays(train)],
            args=TrainingArguments(
                output_dir=folder, num_train_epochs=arguments.epochs, per_device_train_batch_size=arguments.batch_size,
                learning_rate=arguments.learning_rate, lr_scheduler_type="constant", evaluation_strategy="epoch",
                save_strategy="no", logging_strategy="no", report_to=[], disable_tqdm=True, seed=arguments.seed))
        try:
            trainer.train()
        except ZeusCostThresholdExceededException as exceeded:
            print(f"given up: {exceeded}", flush=True)


if __name__ == "__main__":
    main()

"""What both scripts train: a small BERT, made from a configuration, on made-up data."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification

WORDS = 100
LENGTH = 16


class Majorities(Dataset[dict[str, torch.Tensor]]):
    """Rows of words from 1 to WORDS - 1; the label says whether most of them lie in the upper half."""

    def __init__(self, count: int, seed: int) -> None:
        self.words = torch.randint(1, WORDS, (count, LENGTH), generator=torch.Generator().manual_seed(seed))
        self.labels = ((self.words >= WORDS // 2).sum(1) > LENGTH // 2).long()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self.words[index], "labels": self.labels[index]}


def make_model() -> BertForSequenceClassification:
    return BertForSequenceClassification(BertConfig(
        vocab_size=WORDS, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=LENGTH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))


def accuracy(prediction: Any) -> dict[str, float]:
    return {"accuracy": float((prediction.predictions.argmax(1) == prediction.label_ids).mean())}

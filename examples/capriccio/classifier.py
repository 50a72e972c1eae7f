"""Classifiers of texts: a small one of our own, or any sequence classifier of HuggingFace."""

from __future__ import annotations

import torch
from torch import nn

BUCKETS = 4096  # Words are told apart by a hash of this size.
WORDS = 40  # Longer texts are cut.


class Bag(nn.Module):
    """The sum of the words' vectors, and a hidden layer that sees which of them occur together."""

    def __init__(self, dimensions: int = 16) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag(BUCKETS, dimensions, mode="sum", padding_idx=0)
        self.layers = nn.Sequential(nn.Linear(dimensions, dimensions), nn.ReLU(), nn.Linear(dimensions, 2))
        nn.init.normal_(self.words.weight, std=0.1)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.layers(self.words(words))
        return scores


class Pretrained(nn.Module):
    """A HuggingFace model, from a folder or their hub."""

    def __init__(self, name: str) -> None:
        super().__init__()
        from transformers import AutoModelForSequenceClassification

        self.model = AutoModelForSequenceClassification.from_pretrained(name, num_labels=2)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.model(input_ids=words, attention_mask=(words != 0).long()).logits
        return scores


def pretrained_words(name: str, texts: list[str]) -> torch.Tensor:
    """The texts as the model's own numbers, padded by zeros: a row a text."""
    from transformers import AutoTokenizer

    rows = AutoTokenizer.from_pretrained(name)(texts, truncation=True, max_length=128)["input_ids"]
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)

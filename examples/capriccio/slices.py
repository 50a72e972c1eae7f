"""A slice of Capriccio: two files of JSON lines, {n}_train.json and {n}_val.json, each line with `label` and `text`."""

from __future__ import annotations

import json
import pathlib
import zlib

import torch


class DataError(Exception):
    """A file is not what it should be; the message names it."""


def read_lines(path: pathlib.Path) -> tuple[list[str], list[str]]:
    """The texts of a file and their labels, as text."""
    texts, labels = [], []
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                entry = json.loads(line)
                if not isinstance(entry, dict) or not isinstance(entry.get("text"), str) or "label" not in entry:
                    raise DataError(f"{path}:{number}: expected a JSON object with a label and a text")
                texts.append(entry["text"])
                labels.append(str(entry["label"]))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected a slice made by zeus capriccio") from error
    except ValueError as error:
        raise DataError(f"{path}:{number}: no line of JSON: {error}") from error
    if not texts:
        raise DataError(f"{path}: has no line")
    return texts, labels


def words_as_numbers(texts: list[str], buckets: int, words: int) -> torch.Tensor:
    """The first `words` words of each text as numbers from 1 to buckets - 1, the rest 0: a row a text."""
    table = torch.zeros(len(texts), words, dtype=torch.long)
    for row, text in enumerate(texts):
        numbers = [1 + zlib.crc32(word.encode()) % (buckets - 1) for word in text.lower().split()[:words]]
        table[row, :len(numbers)] = torch.tensor(numbers)
    return table


def read_slice(folder: pathlib.Path, number: int) -> tuple[list[str], torch.Tensor, list[str], torch.Tensor]:
    """Texts and labels (0 or 1, in the order of the labels as texts) for training, and the same for validation."""
    train_texts, train_labels = read_lines(folder / f"{number}_train.json")
    val_texts, val_labels = read_lines(folder / f"{number}_val.json")
    names = sorted(set(train_labels))
    if len(names) != 2:
        raise DataError(f"{folder / f'{number}_train.json'}: expected two labels, found {', '.join(names)}")
    strange = sorted(set(val_labels) - set(names))
    if strange:
        raise DataError(f"{folder / f'{number}_val.json'}: the label {strange[0]} is not among those of training")
    return (train_texts, torch.tensor([names.index(label) for label in train_labels]),
            val_texts, torch.tensor([names.index(label) for label in val_labels]))


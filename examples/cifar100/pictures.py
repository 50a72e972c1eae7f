"""CIFAR-100 from the files of either version that its authors publish: nothing is downloaded here."""

from __future__ import annotations

import io
import pathlib
import pickle
from typing import Any

import numpy as np
import torch
from torch.utils.data import TensorDataset

CLASSES = 100
SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
RECORD = 2 + PIXELS  # Binary version: coarse label, fine label, then the red, green and blue plane.


class DataError(Exception):
    """A file is not what it should be; the message names it."""


class ArrayUnpickler(pickle.Unpickler):
    """Reads dictionaries of NumPy arrays, lists and texts, and runs nothing that a file may bring along."""

    ALLOWED = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype"),
               ("_codecs", "encode")}

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"holds {module_name}.{global_name}")
        return super().find_class(module_name, global_name)


def read_python_version(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        entries = ArrayUnpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
        entries = {key.decode() if isinstance(key, bytes) else key: value for key, value in entries.items()}
        return np.asarray(entries["data"], dtype=np.uint8), np.asarray(entries["fine_labels"], dtype=np.int64)
    except Exception as error:
        raise DataError(f"{path}: is no file of CIFAR-100's Python version: {error}") from error


def read_binary_version(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    content = path.read_bytes()
    if not content or len(content) % RECORD != 0:
        raise DataError(f"{path}: has {len(content)} bytes; expected pictures of {RECORD} bytes each")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD)
    return records[:, 2:].copy(), records[:, 1].astype(np.int64)


def read(folder: pathlib.Path, part: str) -> TensorDataset:
    """The pictures of "train" or "test", bytes of shape (count, 3, 32, 32), and their fine labels."""
    for name, reader in ((part, read_python_version), (f"{part}.bin", read_binary_version)):
        for path in (folder / name, folder / "cifar-100-python" / name, folder / "cifar-100-binary" / name):
            if path.is_file():
                pictures, labels = reader(path)
                check(path, pictures, labels)
                return TensorDataset(torch.from_numpy(pictures.reshape(-1, *SHAPE)), torch.from_numpy(labels))
    raise DataError(f"{folder}: has neither {part} nor {part}.bin; expected the files of CIFAR-100, Python or binary version")


def check(path: pathlib.Path, pictures: np.ndarray, labels: np.ndarray) -> None:
    if pictures.ndim != 2 or pictures.shape[1] != PIXELS or labels.shape != pictures.shape[:1] or len(labels) == 0:
        raise DataError(f"{path}: expected rows of {PIXELS} bytes and a label for each, "
                        f"found shapes {pictures.shape} and {labels.shape}")
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise DataError(f"{path}: has a label outside of 0 to {CLASSES - 1}")

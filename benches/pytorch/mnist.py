"""MNIST's IDX files as tensors: pictures f32 [n, 1, 28, 28] divided by 256, labels i64 [n]."""

import gzip
from pathlib import Path

import numpy as np
import torch

VALIDATION = 10_000


def read(path):
    file = gzip.open(f"{path}.gz") if Path(f"{path}.gz").exists() else open(path, "rb")
    with file:
        data = file.read()
    shape = np.frombuffer(data, ">i4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def load(folder, pictures):
    """The first `pictures` to train on, and the last 10,000 of the 60,000 to validate with."""
    images = torch.from_numpy(read(f"{folder}/train-images-idx3-ubyte").astype(np.float32)).div_(256).unsqueeze(1)
    labels = torch.from_numpy(read(f"{folder}/train-labels-idx1-ubyte").astype(np.int64))
    train = images[:pictures].clone(), labels[:pictures].clone()
    return train, (images[-VALIDATION:].clone(), labels[-VALIDATION:].clone())

"""Test error of a run's best model, computed by PyTorch alone: check_with_pytorch.py RUN IDX_FOLDER [PICTURES]

PICTURES limits it to the first so many, for runs that drop an incomplete last minibatch (9600 for tutorial-softmax).
Needs torch, safetensors and numpy. Reads the weights and the test pictures itself; nothing of Minibatch is used.
"""

import gzip
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

run, folder = map(pathlib.Path, sys.argv[1:3])
card = json.loads((run / "best/model.json").read_text())
arch, (channels, height, width) = card["arch"], card["input"]


def idx(name, header):
    path = folder / name
    data = path.read_bytes() if path.exists() else gzip.open(f"{path}.gz").read()
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=header).copy())


def activation():
    return {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "relu": nn.ReLU}[arch["activation"]]()


layers, size = {}, channels * height * width
if arch["kind"] == "lenet":  # convolution, max-pooling, activation, twice
    for number, maps in enumerate(arch["filters"], 1):
        layers[f"conv{number}"] = nn.Conv2d(channels, maps, arch["kernel"])
        layers[f"pool{number}"] = nn.MaxPool2d(2, ceil_mode=not arch["ignore_border"])
        layers[f"act{number}"], channels = activation(), maps
    blank = torch.zeros(1, *card["input"])
    size = nn.Sequential(*layers.values())(blank).numel()
layers["flatten"] = nn.Flatten()
hidden = arch.get("hidden", [])
for number, units in enumerate(hidden if isinstance(hidden, list) else [hidden], 1):
    layers[f"hidden{number}"], layers[f"hidden{number}_act"], size = nn.Linear(size, units), activation(), units
layers["output"] = nn.Linear(size, card["classes"])
model = nn.Sequential()
for name, layer in layers.items():
    model.add_module(name, layer)
model.load_state_dict(load_file(run / "best/model.safetensors"))

images = idx("t10k-images-idx3-ubyte", 16).reshape(-1, *card["input"]).float() / card["divisor"]
labels = idx("t10k-labels-idx1-ubyte", 8).long()
with torch.no_grad():
    guesses = torch.cat([model.eval()(part).argmax(1) for part in images.split(500)])
count = int(sys.argv[3]) if len(sys.argv) > 3 else len(labels)
print((guesses != labels)[:count].double().mean().item())

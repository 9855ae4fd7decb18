"""Writes golden.safetensors: what plain PyTorch modules compute, for tests/golden.rs.

    python make.py        (torch 2.11.0, numpy, safetensors)

Each case holds parameters, images and labels (drawn here, in no relation to the crate), and PyTorch's logits, mean
cross-entropy loss and gradients. The case `draws` holds ChaCha8 values computed from the cipher's definition.
"""

import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn


class Mlp(nn.Module):
    def __init__(self, inputs, hidden, classes, activation):
        super().__init__()
        self.widths, self.activation = len(hidden), activation
        for number, (before, units) in enumerate(zip([inputs, *hidden], hidden), 1):
            setattr(self, f"hidden{number}", nn.Linear(before, units))
        self.output = nn.Linear(hidden[-1] if hidden else inputs, classes)

    def forward(self, x):
        x = x.flatten(1)
        for number in range(1, self.widths + 1):
            x = self.activation(getattr(self, f"hidden{number}")(x))
        return self.output(x)


class LeNet(nn.Module):
    """As published: the bias is added after pooling."""

    def __init__(self, input, filters, kernel, hidden, classes, activation, ignore_border):
        super().__init__()
        self.activation, self.pool = activation, nn.MaxPool2d(2, ceil_mode=not ignore_border)
        self.conv1 = nn.Conv2d(input[0], filters[0], kernel)
        self.conv2 = nn.Conv2d(filters[0], filters[1], kernel)
        features = self.maps(torch.zeros(1, *input)).numel()
        self.hidden1 = nn.Linear(features, hidden)
        self.output = nn.Linear(hidden, classes)

    def maps(self, x):
        for conv in (self.conv1, self.conv2):
            x = self.pool(nn.functional.conv2d(x, conv.weight))
            x = self.activation(x + conv.bias.view(1, -1, 1, 1))
        return x

    def forward(self, x):
        x = self.maps(x).flatten(1)
        return self.output(self.activation(self.hidden1(x)))


def case(name, model, input, classes, generator):
    draw = lambda shape, scale: torch.from_numpy(generator.normal(0, scale, shape).astype(np.float32))
    with torch.no_grad():
        for parameter in model.parameters():
            # Biases above zero on average, so that few rectifiers are dead.
            parameter.copy_(draw(tuple(parameter.shape), 0.3) + (0.3 if parameter.dim() == 1 else 0.0))
    images = draw((6, *input), 1.0)
    labels = torch.from_numpy(generator.integers(0, classes, 6))
    logits = model(images)
    loss = nn.functional.cross_entropy(logits, labels)
    loss.backward()
    tensors = {"images": images, "labels": labels, "logits": logits.detach(), "loss": loss.detach()}
    for key, parameter in model.named_parameters():
        tensors[f"parameters.{key}"] = parameter.detach()
        tensors[f"gradients.{key}"] = parameter.grad
    return {f"{name}/{key}": tensor.contiguous() for key, tensor in tensors.items()}


def chacha8_block(key, counter, stream):
    """One block of 16 words; counter and stream have 64 bits each (Bernstein's original layout)."""
    low_high = lambda x: [x & 0xFFFFFFFF, x >> 32]
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *key, *low_high(counter), *low_high(stream)]
    x = list(start)

    def rotate(a, n):
        return (a << n | a >> (32 - n)) & 0xFFFFFFFF

    def quarter(a, b, c, d):
        for p, q, r, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[p] = (x[p] + x[q]) & 0xFFFFFFFF
            x[r] = rotate(x[r] ^ x[p], n)

    for _ in range(4):
        for column in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
            quarter(*column)
        for diagonal in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*diagonal)
    return [(a + b) & 0xFFFFFFFF for a, b in zip(x, start)]


def key_of_seed(seed):
    """rand_core's seed_from_u64: eight words of PCG32 (XSH-RR)."""
    words = []
    for _ in range(8):
        seed = (seed * 6364136223846793005 + 11634580027462260723) & 0xFFFFFFFFFFFFFFFF
        shifted, rotation = ((seed >> 18) ^ seed) >> 27 & 0xFFFFFFFF, seed >> 59
        words.append((shifted >> rotation | shifted << (32 - rotation) & 0xFFFFFFFF) & 0xFFFFFFFF if rotation else shifted)
    return words


def draws(seed, layer, shape, bound):
    """(2u - 1) * bound, where u is 53 bits of each two words of the stream, low word first."""
    count, words, counter = int(np.prod(shape)), [], 0
    while len(words) < 2 * count:
        words += chacha8_block(key_of_seed(seed), counter, (0x696E6974 << 32) + layer)
        counter += 1
    pairs = (low | high << 32 for low, high in zip(words[0::2], words[1::2]))
    values = [(2.0 * ((pair >> 11) * 2.0**-53) - 1.0) * bound for pair, _ in zip(pairs, range(count))]
    return torch.from_numpy(np.array(values, dtype=np.float32).reshape(shape))


def main():
    generator = np.random.default_rng(20)
    tanh, sigmoid, relu = torch.tanh, torch.sigmoid, torch.relu
    small, odd, grey = (1, 4, 4), (2, 13, 11), (1, 10, 12)
    tensors = {}
    for name, model, input, classes in (
        ("softmax", Mlp(16, [], 5, None), small, 5),
        ("mlp-tanh", Mlp(16, [7], 5, tanh), small, 5),
        ("mlp-sigmoid", Mlp(16, [7], 5, sigmoid), small, 5),
        ("mlp-relu", Mlp(16, [7, 6, 4], 5, relu), small, 5),
        ("lenet-tanh", LeNet(odd, (3, 4), 3, 6, 5, tanh, True), odd, 5),
        ("lenet-grey", LeNet(grey, (3, 4), 3, 6, 5, tanh, True), grey, 5),
        ("lenet-sigmoid", LeNet(odd, (3, 4), 3, 6, 5, sigmoid, True), odd, 5),
        ("lenet-relu-border", LeNet(odd, (3, 4), 3, 6, 5, relu, False), odd, 5),
    ):
        tensors |= case(name, model, input, classes, generator)
    # LeNet with 3 and 4 filters of 3x3 on (2, 13, 11), 6 hidden units, tanh, seed 7: fans as in the documentation.
    for layer, (name, shape, fan_in, fan_out) in enumerate((
        ("conv1", (3, 2, 3, 3), 2 * 9, 3 * 9 / 4),
        ("conv2", (4, 3, 3, 3), 3 * 9, 4 * 9 / 4),
        ("hidden1", (6, 4), 4, 6),
    )):
        tensors[f"draws/{name}.weight"] = draws(7, layer, shape, (6.0 / (fan_in + fan_out)) ** 0.5)
    save_file(tensors, pathlib.Path(__file__).with_name("golden.safetensors"))


main()

"""Writes attribution.safetensors: saliency, Grad-CAM and occlusion by plain PyTorch, for tests/attribution.rs.

    python attribution.py        (torch 2.11.0, numpy, safetensors)

A LeNet with 3 and 4 filters of 3x3, 6 hidden units and 5 classes on pictures (2, 13, 11); parameters and pictures are
drawn here. Gradients come from autograd through a forward pass written out below.
"""

import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import conv2d, linear, max_pool2d

CLASS, WINDOW, STRIDE = 3, 4, 3
SHAPES = {
    "conv1.weight": (3, 2, 3, 3), "conv1.bias": (3,), "conv2.weight": (4, 3, 3, 3), "conv2.bias": (4,),
    "hidden1.weight": (6, 4), "hidden1.bias": (6,), "output.weight": (5, 6), "output.bias": (5,),
}


def forward(p, x):
    maps = {}
    for name in ("conv1", "conv2"):
        maps[name] = conv2d(x, p[f"{name}.weight"], p[f"{name}.bias"])
        x = torch.tanh(max_pool2d(maps[name], 2))
    x = torch.tanh(linear(x.flatten(1), p["hidden1.weight"], p["hidden1.bias"]))
    return linear(x, p["output.weight"], p["output.bias"]), maps


def grad_cam(p, images, layer):
    images = images.clone().requires_grad_()
    logits, maps = forward(p, images)
    (gradient,) = torch.autograd.grad(logits[:, CLASS].sum(), maps[layer])
    heat = torch.einsum("nkhw,nk->nhw", maps[layer], gradient.flatten(2).mean(2))
    return heat.clamp_min(0).detach()


def occlusion(p, images):
    n, _, height, width = images.shape
    drop, times = np.zeros((n, height, width)), np.zeros((height, width))
    before = forward(p, images)[0].softmax(1)[:, CLASS]
    tops = sorted({*range(0, height - WINDOW + 1, STRIDE), height - WINDOW})
    lefts = sorted({*range(0, width - WINDOW + 1, STRIDE), width - WINDOW})
    for top in tops:
        for left in lefts:
            covered = images.clone()
            covered[:, :, top : top + WINDOW, left : left + WINDOW] = 0
            after = forward(p, covered)[0].softmax(1)[:, CLASS]
            drop[:, top : top + WINDOW, left : left + WINDOW] += (before - after).numpy()[:, None, None]
            times[top : top + WINDOW, left : left + WINDOW] += 1
    return torch.from_numpy((drop / times).astype(np.float32))


def main():
    generator = np.random.default_rng(21)
    draw = lambda shape, scale: torch.from_numpy(generator.normal(0, scale, shape).astype(np.float32))
    p = {name: draw(shape, 0.5) for name, shape in SHAPES.items()}
    images = draw((3, 2, 13, 11), 1.0)
    leaf = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(forward(p, leaf)[0][:, CLASS].sum(), leaf)
    tensors = {f"parameters.{name}": value for name, value in p.items()} | {
        "images": images,
        "saliency": gradient.abs().amax(1),
        "grad_cam.conv1": grad_cam(p, images, "conv1"),
        "grad_cam.conv2": grad_cam(p, images, "conv2"),
        "occlusion": occlusion(p, images),
    }
    for name in ("saliency", "grad_cam.conv1", "grad_cam.conv2", "occlusion"):
        assert tensors[name].abs().max() > 1e-3, name
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, pathlib.Path(__file__).with_name("attribution.safetensors"))


main()

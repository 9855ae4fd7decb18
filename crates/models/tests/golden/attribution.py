"""Writes attribution.safetensors: saliency, Grad-CAM and occlusion by plain PyTorch, for tests/attribution.rs, and where
Grad-CAM's cells lie in the picture.

    python attribution.py        (torch 2.11.0, numpy, safetensors)

A LeNet with 3 and 4 filters of 3x3, 6 hidden units and 5 classes on pictures (2, 13, 11); parameters and pictures are
drawn here. Gradients come from autograd through a forward pass written out below.

Places are measured, not derived: a cell belongs at the middle of the pixels by which its gradient is not 0. All weights
are 1 and pooling takes means for that, so that every pixel of the window counts. `placed.*` are maps drawn at these
places by `grid_sample`, on a picture whose every pixel is ZOOM x ZOOM points.
"""

import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import avg_pool2d, conv2d, grid_sample, linear, max_pool2d

CLASS, WINDOW, STRIDE, ZOOM = 3, 4, 3, 4
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


def centres(height, width, kernel, layer, ceil_mode):
    """Rows and columns of a layer's cells, in pixels from the upper and left edge."""
    x = leaf = torch.ones(1, 1, height, width, requires_grad=True)
    for name in ("conv1", "conv2"):
        x = conv2d(x, torch.ones(1, 1, kernel, kernel))
        if name == layer:
            break
        x = avg_pool2d(x, 2, ceil_mode=ceil_mode)
    places = [[], []]
    for axis, cells in enumerate(x.shape[2:]):
        for cell in range(cells):
            value = x[0, 0].select(axis, cell).select(0, 0)
            (gradient,) = torch.autograd.grad(value, leaf, retain_graph=True)
            seen = gradient[0, 0].sum(1 - axis).nonzero().flatten()
            places[axis].append((seen.min() + seen.max() + 1).item() / 2)
    return places


def placed(maps, height, width, places):
    """Maps at their places; around them lie zeros."""
    sides = []
    for length, side in zip((height, width), places):
        points = (torch.arange(length * ZOOM) + 0.5) / ZOOM
        steps = (points - side[0]) / (side[1] - side[0])  # places are evenly apart
        sides.append(2 * steps / (len(side) - 1) - 1)  # the first cell is at -1, the last at 1
    y, x = torch.meshgrid(*sides, indexing="ij")
    grid = torch.stack([x, y], -1).expand(len(maps), -1, -1, -1)
    return grid_sample(maps[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=True)[:, 0]


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
    for height, width, kernel, ceil_mode in ((13, 11, 3, False), (28, 28, 5, False), (29, 24, 5, True)):
        for layer in ("conv1", "conv2"):
            places = centres(height, width, kernel, layer, ceil_mode)
            for axis, side in zip(("rows", "columns"), places):
                tensors[f"centres.{height}x{width}.{layer}.{axis}"] = torch.tensor(side, dtype=torch.float64)
            if (height, width) == tuple(images.shape[2:]):
                tensors[f"placed.{layer}"] = placed(tensors[f"grad_cam.{layer}"], height, width, places)
    for name in ("placed.conv1", "placed.conv2", "saliency", "grad_cam.conv1", "grad_cam.conv2", "occlusion"):
        assert tensors[name].abs().max() > 1e-3, name
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, pathlib.Path(__file__).with_name("attribution.safetensors"))


main()

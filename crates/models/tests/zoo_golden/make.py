"""Writes zoo.safetensors: what PyTorch computes for networks of the zoo with the same weights, for tests/zoo_golden.rs.

    python make.py        (torch 2.11.0, torchvision 0.26, timm 1.0.31, safetensors)

Weights are not stored (they would take up 60 MB): both sides compute them by one formula of a tensor's place in the sorted list of
names and of the value's place in the tensor, see `numbers` and `values`. Stored of each
network: logits in evaluation, and in training mode the loss, the sum of absolute values and the weighted sum of each gradient, and
the running statistics afterwards.
"""

import math

import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(2)


class CifarBlock(nn.Module):
    """He et al. 2015, option A."""

    def __init__(self, before, maps, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, maps, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(maps)
        self.conv2 = nn.Conv2d(maps, maps, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(maps)
        self.stride, self.more = stride, maps - before

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.more:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more // 2, self.more // 2))
        return F.relu(x + y)


class CifarResNet(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        before = 16
        for stage, maps in enumerate([16, 32, 64], 1):
            blocks = []
            for i in range(n):
                blocks.append(CifarBlock(before, maps, 2 if i == 0 and stage > 1 else 1))
                before = maps
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


class Group(nn.Module):
    """cifar10-airbench's ConvGroup."""

    def __init__(self, before, maps, depth):
        super().__init__()
        self.depth = depth
        for i in range(1, depth + 1):
            setattr(self, f"conv{i}", nn.Conv2d(before if i == 1 else maps, maps, 3, padding=1, bias=False))
            setattr(self, f"norm{i}", nn.BatchNorm2d(maps, eps=1e-12, momentum=0.4))

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        kept = x
        x = self.norm2(self.conv2(x))
        if self.depth == 3:
            x = self.norm3(self.conv3(F.gelu(x))) + kept
        return F.gelu(x)


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


def airbench(widths, depth):
    before, groups = 24, []
    for maps in widths:
        groups.append(Group(before, maps, depth))
        before = maps
    head = nn.Linear(before, 10, bias=False)
    return nn.Sequential(nn.Conv2d(3, 24, 2), nn.GELU(), *groups, nn.MaxPool2d(3), nn.Flatten(), head, Times(1 / 9))


class Plus(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x) + x


def convmixer(width, depth, kernel, patch):
    block = lambda: nn.Sequential(
        Plus(nn.Sequential(nn.Conv2d(width, width, kernel, groups=width, padding="same"), nn.GELU(), nn.BatchNorm2d(width))),
        nn.Conv2d(width, width, 1), nn.GELU(), nn.BatchNorm2d(width))
    return nn.Sequential(nn.Conv2d(3, width, patch, patch), nn.GELU(), nn.BatchNorm2d(width), *[block() for _ in range(depth)],
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def numbers(shape, seed):
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    x = torch.sin(12.9898 * i + seed) * 43758.5453
    return (2 * (x - x.floor()) - 1).reshape(shape)


def values(name, shape, seed):
    """Weights of a size that keeps the signal, norms near 1, variances near 1, all else small."""
    x = numbers(shape, seed)
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
        return 0.2 * x + 1
    if len(shape) == 1 and name.endswith("gamma"):
        return 0.1 * x + 0.3
    if len(shape) == 1 or name in ("cls_token", "pos_embed"):
        return 0.1 * x
    return x * math.sqrt(6 / math.prod(shape[1:]))


def case(name, model, size, out, gradients=True):
    state = {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    start = {key: values(key, tuple(state[key].shape), k).float() for k, key in enumerate(sorted(state))}
    model.load_state_dict(start, strict=False)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    model.double()
    images, labels = numbers((5, 3, *size), 1000), torch.arange(5)
    model.eval()
    out[f"{name}/eval"] = model(images).detach()
    model.train()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    for key, buffer in model.named_buffers():
        if key.endswith(("running_mean", "running_var")):
            out[f"{name}/buffer/{key}"] = buffer.clone()
    if not gradients:  # of networks with dropout before the head, which is left out here and draws there
        return
    out[f"{name}/loss"] = loss.detach()
    for key, parameter in model.named_parameters():
        gradient = parameter.grad.flatten()
        out[f"{name}/gradient/{key}"] = torch.stack([gradient.abs().sum(), (gradient * numbers(gradient.shape, 7)).sum()])


def main():
    out = {}
    vision, no_drop = torchvision.models, {"num_classes": 10}
    case("resnet20", CifarResNet(3), (21, 17), out)
    case("resnet18", vision.resnet18(**no_drop), (37, 45), out)
    case("airbench94", airbench([64, 256, 256], 2), (33, 34), out)
    case("airbench96", airbench([128, 384, 512], 3), (33, 34), out)
    case("convmixer-256-8", convmixer(256, 8, 5, 2), (15, 17), out)
    case("mobilenet-v2", vision.mobilenet_v2(**no_drop), (67, 45), out, gradients=False)
    case("mobilenet-v3-small", vision.mobilenet_v3_small(**no_drop), (67, 45), out, gradients=False)
    case("efficientnet-b0", vision.efficientnet_b0(stochastic_depth_prob=0.0, **no_drop), (67, 45), out, gradients=False)
    case("convnext-atto", timm.create_model("convnext_atto", **no_drop), (67, 69), out)
    case("vit-tiny", timm.create_model("vit_tiny_patch16_224", img_size=(48, 32), **no_drop), (48, 32), out)
    save_file({key: value.float().contiguous() for key, value in out.items()}, "zoo.safetensors")


main()

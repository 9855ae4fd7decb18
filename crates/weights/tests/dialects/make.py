"""Writes dialects.json: tensor names and shapes of torchvision's and timm's networks, and what they compute for values that depend
on name order and shape alone.

Run with torch 2.11.0, torchvision 0.26.0, timm 1.0.31:  python make.py
"""
import json
import math
import pathlib

import timm
import torch
import torchvision
from torchvision.models.vision_transformer import VisionTransformer


def numbers(shape, seed):
    x = torch.sin(torch.arange(math.prod(shape), dtype=torch.float64) * 12.9898 + seed) * 43758.5453
    return ((x - x.floor()) * 2 - 1).view(shape)


def values(name, shape, seed):
    x = numbers(shape, seed)
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
        return x * 0.2 + 1
    if name.endswith(("gamma", "layer_scale")):
        return x * 0.1 + 0.3
    if len(shape) == 1 or name in ("cls_token", "class_token", "pos_embed", "encoder.pos_embedding"):
        return x * 0.1
    return x * math.sqrt(6 / math.prod(shape[1:]))


def entry(own, dialect, model, side):
    model = model.double().eval()
    state = {name: tensor for name, tensor in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    with torch.no_grad():
        for place, name in enumerate(sorted(state)):
            state[name].copy_(values(name, list(state[name].shape), float(place)).float())
        logits = model(numbers([2, 3, side, side], 1000.0).float().double())
    shapes = {name: list(tensor.shape) for name, tensor in sorted(state.items())}
    return {"network": own, "dialect": dialect, "side": side, "shapes": shapes, "logits": logits.flatten().tolist()}


def create(name, **more):
    return timm.create_model(name, num_classes=10, **more)


tv = torchvision.models
vit = VisionTransformer(image_size=32, patch_size=16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768, num_classes=10)


class PooledVgg(torch.nn.Module):
    """torchvision's features, whose convolutions have biases, with the mean of each map and one layer."""

    def __init__(self):
        super().__init__()
        self.features = tv.vgg11_bn().features
        self.classifier = torch.nn.Linear(512, 10)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


entries = [
    entry("vgg11", None, PooledVgg(), 32),
    entry("resnet18", None, tv.resnet18(num_classes=10), 64),
    entry("resnet50", None, create("resnet50"), 64),
    entry("mobilenet-v2", None, tv.mobilenet_v2(num_classes=10), 64),
    entry("mobilenet-v2", "timm", create("mobilenetv2_100"), 64),
    entry("mobilenet-v3-small", None, tv.mobilenet_v3_small(num_classes=10), 64),
    entry("mobilenet-v3-small", "timm", create("mobilenetv3_small_100", bn_eps=1e-3), 64),
    entry("efficientnet-b0", None, tv.efficientnet_b0(num_classes=10), 64),
    entry("efficientnet-b0", "timm", create("efficientnet_b0"), 64),
    entry("efficientnet-lite0", "timm", create("tf_efficientnet_lite0"), 64),
    entry("convnext-tiny", "torchvision's ConvNeXt", tv.convnext_tiny(num_classes=10), 64),
    entry("convnext-atto", None, create("convnext_atto"), 64),
    entry("vit-tiny", None, create("vit_tiny_patch16_224", img_size=32), 32),
    entry("vit-tiny", "torchvision's ViT", vit, 32),
]
pathlib.Path(__file__).with_name("dialects.json").write_text(json.dumps(entries, separators=(",", ":")) + "\n")

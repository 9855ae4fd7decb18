"""What torchvision's antialiased resize makes of uint8 pictures, for the test of `resize`.

    python resize.py > resize.csv       (torch 2.11.0, torchvision 0.26.0, CPU, 2026-11)

A row a case: filter, height and width before and after, and the result's bytes (channel, row, column) in hexadecimal digits.
"""

import torch
from torchvision.transforms.v2 import functional as F
from torchvision.transforms.v2 import InterpolationMode

CASES = [(37, 53, 16, 16), (20, 30, 25, 41), (64, 48, 9, 28), (100, 7, 12, 12), (5, 5, 1, 3), (240, 320, 8, 8), (12, 12, 12, 5)]


def picture(height, width):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    planes = [(x * 37 + y * 91 + c * 53 + x * y * (c + 1)) % 256 for c in range(3)]
    return torch.stack(planes).to(torch.uint8)


for name, mode in [("bilinear", InterpolationMode.BILINEAR), ("bicubic", InterpolationMode.BICUBIC)]:
    for before in CASES:
        result = F.resize(picture(*before[:2]), before[2:], interpolation=mode, antialias=True)
        print(name, *before, bytes(result.flatten().tolist()).hex(), sep=",")

"""Writes augment.json: what torchvision's operations make of given pictures with given parameters.

The pictures are made of arithmetic, so that the test makes the same ones: 3 of 3 channels, 8 rows and 10 columns; the byte of
picture i, channel c, row y and column x is (31 i + 57 c + 17 y + 13 x + 7 i x y + 3 x^2) % 256.
Run: python augment.py > augment.json (PyTorch 2.11.0, torchvision 0.26.0)
"""

import json

import torch
import torchvision.transforms.v2.functional as F
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import CutMix, MixUp, RandAugment, TrivialAugmentWide

COUNT, CHANNELS, HEIGHT, WIDTH = 3, 3, 8, 10
i, c, y, x = torch.meshgrid(*map(torch.arange, (COUNT, CHANNELS, HEIGHT, WIDTH)), indexing="ij")
images = ((31 * i + 57 * c + 17 * y + 13 * x + 7 * i * x * y + 3 * x * x) % 256).to(torch.uint8)
real = images.float() / 255


def flat(tensor):
    return [round(float(v), 7) for v in tensor.flatten()] if tensor.is_floating_point() else tensor.flatten().tolist()


def moved():
    """Pixels of the padded picture from a corner on."""
    cases = []
    for ours, theirs in (("zero", "constant"), ("edge", "edge"), ("reflect", "reflect")):
        for corners in ([(0, 0), (2, 2), (4, 1)], [(3, 4), (1, 0), (2, 3)]):
            padded = F.pad(images, [2, 2, 2, 2], padding_mode=theirs)
            seen = [F.crop(padded[n], top, left, HEIGHT, WIDTH) for n, (top, left) in enumerate(corners)]
            cases.append(dict(padding=ours, corners=corners, seen=flat(torch.stack(seen))))
    return cases


def enlarged():
    rectangles = [(0, 0, 8, 10), (2, 3, 4, 5), (5, 1, 3, 9)]
    seen = [F.resized_crop(real[n], *r, size=[HEIGHT, WIDTH], antialias=True) for n, r in enumerate(rectangles)]
    return dict(rectangles=rectangles, seen=flat(torch.stack(seen)))


def mapped():
    cases = []
    for parameters in (
        [(30.0, [0, 0], 1.0, [0.0, 0.0]), (-75.0, [0, 0], 1.0, [0.0, 0.0]), (180.0, [0, 0], 1.0, [0.0, 0.0])],
        [(10.0, [2, -1], 0.8, [0.0, 0.0]), (-25.0, [-3, 2], 1.3, [15.0, 0.0]), (0.0, [1, 1], 1.0, [-20.0, 10.0])],
    ):
        seen = [
            F.affine(real[n], angle, translate, scale, shear, interpolation=InterpolationMode.BILINEAR)
            for n, (angle, translate, scale, shear) in enumerate(parameters)
        ]
        cases.append(dict(parameters=parameters, seen=flat(torch.stack(seen))))
    return cases


def jittered():
    cases = []
    for factors in ([(0.6, 1.0, 1.0, 0.0), (1.0, 0.4, 1.0, 0.0), (1.0, 1.0, 0.3, 0.0)],
                    [(1.0, 1.0, 1.0, 0.31), (1.3, 1.5, 1.7, -0.42), (0.9, 0.7, 0.0, 0.5)]):
        seen = []
        for n, (brightness, contrast, saturation, hue) in enumerate(factors):
            picture = F.adjust_contrast(F.adjust_brightness(real[n], brightness), contrast)
            seen.append(F.adjust_hue(F.adjust_saturation(picture, saturation), hue))
        cases.append(dict(factors=factors, seen=flat(torch.stack(seen))))
    grey = [F.adjust_contrast(F.adjust_brightness(real[n, :1], b), c) for n, (b, c) in enumerate([(0.6, 1), (1, 0.4), (1.5, 1.5)])]
    return dict(colour=cases, grey=flat(torch.stack(grey)))


def policies():
    """Each change at some strengths of either sign, on the bytes of one picture."""
    cases = []
    for name, policy, bins in (("rand", RandAugment(), (9, 30)), ("wide", TrivialAugmentWide(), (14, 30))):
        for change, (strengths, signed) in policy._AUGMENTATION_SPACE.items():
            strengths = strengths(31, HEIGHT, WIDTH)
            for bin in bins:
                for sign in (1, -1) if signed else (1,):
                    picture = len(cases) % COUNT
                    strength = 0.0 if strengths is None else sign * float(strengths[bin])
                    seen = policy._apply_image_or_video_transform(
                        images[picture], change, strength, interpolation=InterpolationMode.NEAREST, fill={}
                    )
                    cases.append(dict(space=name, picture=picture, change=change, bin=bin, sign=sign, strength=strength, seen=flat(seen)))
    return cases


def mixed():
    """One share for the whole minibatch, as torchvision draws it."""
    labels = torch.tensor([2, 0, 1])
    share, box = 0.3, (1, 2, 6, 7)  # x1, y1, x2, y2
    by_area = 1 - (box[2] - box[0]) * (box[3] - box[1]) / (WIDTH * HEIGHT)
    result = {}
    for name, transform, extra in (
        ("mixup", MixUp(num_classes=3), dict(lam=share)),
        ("cutmix", CutMix(num_classes=3), dict(box=box, lam=by_area, lam_adjusted=by_area)),
    ):
        parameters = dict(labels=labels, batch_size=COUNT, **extra)
        result[name] = dict(
            seen=flat(transform.transform(real, parameters)), probabilities=flat(transform.transform(labels, parameters))
        )
    return dict(share=share, box=box, **result)


erased = F.erase(images, 2, 3, 4, 5, torch.tensor([90, 90, 90], dtype=torch.uint8)[:, None, None])
mirrored = dict(horizontal=flat(F.horizontal_flip(images)), vertical=flat(F.vertical_flip(images)))
golden = dict(
    moved=moved(), enlarged=enlarged(), mapped=mapped(), jittered=jittered(), policies=policies(), mixed=mixed(),
    erased=flat(erased), mirrored=mirrored,
)
print(json.dumps(golden))

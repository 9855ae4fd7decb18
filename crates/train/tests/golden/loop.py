"""Writes loop.json: losses with smoothing and weights, and whole trainings of a softmax regression, as PyTorch computes them.

The pictures are made of arithmetic, so that the test makes the same ones: pixel j of picture i is (i * 31 + j * 17 + i * j) % 256,
its class i * i % 7 % 3. Training is written out in PyTorch's own terms: CrossEntropyLoss, param groups, clip_grad_value_ and
clip_grad_norm_, AveragedModel. Accumulation is a backward per minibatch of its summed loss over the sum of all weights.
Run: python loop.py > loop.json (PyTorch 2.11.0)
"""

import json

import torch
from torch.optim import swa_utils

CLASSES, PIXELS, COUNT, EPOCHS = 3, 16, 44, 3
images = torch.tensor([[(i * 31 + j * 17 + i * j) % 256 for j in range(PIXELS)] for i in range(COUNT)]).float() / 255
labels = torch.tensor([i * i % 7 % 3 for i in range(COUNT)])


def flat(tensor):
    return [float(x) for x in tensor.detach().flatten()]


def losses():
    """Mean loss and its gradient at the logits, for every pair of smoothing and weights."""
    torch.manual_seed(7)
    logits = torch.randint(-96, 96, (11, 4)) / 32
    targets = torch.tensor([0, 1, 2, 3, 3, 3, 1, 0, 3, 2, 3])
    # Each mixed with the one before it, as torchvision's MixUp pairs them.
    share = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 4]) / 8
    one_hot = torch.nn.functional.one_hot(targets, 4).float()
    mixed = one_hot * share[:, None] + one_hot.roll(1, 0) * (1 - share[:, None])
    cases = []
    for is_mixed, target in ((False, targets), (True, mixed)):
        for smoothing in (0.0, 0.1, 0.75):
            for weights in (None, [1.0, 1.0, 1.0, 1.0], [0.25, 2.0, 1.5, 0.5]):
                z = logits.clone().requires_grad_(True)
                weight = None if weights is None else torch.tensor(weights)
                loss = torch.nn.CrossEntropyLoss(weight=weight, label_smoothing=smoothing)(z, target)
                loss.backward()
                case = dict(mixed=is_mixed, smoothing=smoothing, weights=weights, loss=loss.item(), gradient=flat(z.grad))
                cases.append(case)
    return dict(logits=flat(logits), labels=targets.tolist(), **{"lambda": flat(share)}, cases=cases)


def train(recipe, batch, tail_kept, make, weights=None, smoothing=0.0, accumulate=1, l2=0.0, clip_value=None, clip_norm=None, average=None, groups=None):
    """Final parameters (and their average) at `EPOCHS` epochs in stored order; `make(groups)` is the optimiser."""
    model = torch.nn.Linear(PIXELS, CLASSES)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    averaged = None
    if average is not None:
        averaged = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(average))
    optimiser = make(groups(model) if groups else [dict(params=[model.weight]), dict(params=[model.bias])])
    w = None
    if weights == "balanced":
        counts = torch.bincount(labels, minlength=CLASSES)
        w = (COUNT / (CLASSES * counts.double())).float()
    elif weights:
        w = torch.tensor(weights)
    summed = torch.nn.CrossEntropyLoss(weight=w, label_smoothing=smoothing, reduction="sum")
    ends = [end for end in range(batch, COUNT + batch, batch) if tail_kept or end <= COUNT]
    batches = [(end - batch, min(end, COUNT)) for end in ends]
    for _ in range(EPOCHS):
        for start in range(0, len(batches), accumulate):
            group = batches[start : start + accumulate]
            rows = torch.cat([torch.arange(a, b) for a, b in group])
            total = len(rows) if w is None else float(w[labels[rows]].sum())
            optimiser.zero_grad()
            for a, b in group:
                (summed(model(images[a:b]), labels[a:b]) / total).backward()
            if l2:
                (l2 * model.weight.square().sum()).backward()
            if clip_value:
                torch.nn.utils.clip_grad_value_(model.parameters(), clip_value)
            if clip_norm:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            optimiser.step()
            if averaged is not None:
                averaged.update_parameters(model)
    case = dict(recipe=recipe, weight=flat(model.weight), bias=flat(model.bias))
    if averaged is not None:
        case |= dict(averaged_weight=flat(averaged.module.weight), averaged_bias=flat(averaged.module.bias))
    return case


def sgd(momentum=0.0):
    return lambda groups: torch.optim.SGD(groups, lr=0.5, momentum=momentum)


def adamw(decay):
    # Biases never decay.
    return lambda groups: torch.optim.AdamW([groups[0] | dict(weight_decay=decay), groups[1] | dict(weight_decay=0.0)], lr=0.05, foreach=False)


def half_rate(model):
    return [dict(params=[model.weight], lr=0.25), dict(params=[model.bias])]


def frozen_bias(model):
    return [dict(params=[model.weight]), dict(params=[model.bias], lr=0.0)]


SGD = ["learning_rate=0.5"]
SMOOTH = ["loss.label_smoothing=0.2", "loss.class_weights=[0.5, 2.0, 1.0]"]
ALL = ["minibatch.size=9", "minibatch.tail=keep", "gradients.accumulate=2", "optimizer.momentum=0.9", "penalty.l2=0.01"]
ALL += ["gradients.clip_value=0.08", "gradients.clip_norm=0.2", "average.decay=0.8", "loss.label_smoothing=0.1"]
ALL += ["loss.class_weights=balanced", "groups=[{ parameters = 'output.weight', learning_rate_factor = 0.5 }]"]
ADAMW = ["optimizer.kind=adamw", "learning_rate=0.05"]
trainings = [
    train(SGD, 8, False, sgd()),
    train(SGD + ["minibatch.size=all"], COUNT, False, sgd()),
    # 5 minibatches of 8: two updates of 2, and one of the minibatch that is left over.
    train(SGD + ["gradients.accumulate=2"], 8, False, sgd(), accumulate=2),
    train(SGD + ["gradients.accumulate=2", *SMOOTH], 8, False, sgd(), [0.5, 2.0, 1.0], 0.2, accumulate=2),
    train(SGD + ["gradients.clip_norm=0.1", "penalty.l2=0.1"], 8, False, sgd(), l2=0.1, clip_norm=0.1),
    train(SGD + ["gradients.clip_value=0.02"], 8, False, sgd(), clip_value=0.02),
    train(SGD + ["average.decay=0.9", "optimizer.momentum=0.9"], 8, False, sgd(0.9), average=0.9),
    train(SGD + ["groups=[{ parameters = 'output.b', learning_rate_factor = 0 }]"], 8, False, sgd(), groups=frozen_bias),
    train(ADAMW + ["optimizer.weight_decay=0.3"], 8, False, adamw(0.3)),
    train(ADAMW + ["optimizer.weight_decay=0.3", "groups=[{ parameters = 'output', decay = false }]"], 8, False, adamw(0.0)),
    train(ADAMW + ["optimizer.weight_decay=0.3", "groups=[{ parameters = 'output.weight', learning_rate_factor = 0.5 }]"], 8, False, lambda groups: torch.optim.AdamW([groups[0] | dict(weight_decay=0.3, lr=0.025), groups[1] | dict(weight_decay=0.0)], lr=0.05, foreach=False)),
    train(ADAMW + ["optimizer.weight_decay=0.3", "penalty.l2=0.05", "penalty.with_weight_decay=true"], 8, False, adamw(0.3), l2=0.05),
    train(SGD + ALL, 9, True, sgd(0.9), "balanced", 0.1, 2, 0.01, 0.08, 0.2, 0.8, half_rate),
]
print(json.dumps(dict(losses=losses(), trainings=trainings), indent=1))

"""Writes plateau.json: the learning rates that torch.optim.lr_scheduler.ReduceLROnPlateau gives for a list of errors.

PyTorch shrinks after more than `patience` bad epochs, we at the `epochs`-th: patience = epochs - 1.
Run: python plateau.py > plateau.json (PyTorch 2.11.0)
"""

import json

import torch

ERRORS = [0.5, 0.4, 0.3999, 0.3998, 0.41, 0.39, 0.39, 0.389, 0.3889, 0.3888, 0.3, 0.31, 0.32, 0.33, 0.34, 0.35, 0.36, 0.2]


def rates(epochs, factor, threshold, mode, cooldown):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=factor, patience=epochs - 1, threshold=threshold, threshold_mode=mode[:3], cooldown=cooldown, eps=0
    )
    result = []
    for error in ERRORS:
        scheduler.step(error)
        result.append(optimizer.param_groups[0]["lr"])
    return result


cases = []
for epochs, factor, threshold, mode, cooldown in [
    (2, 0.5, 1e-4, "relative", 0),
    (2, 0.1, 1e-2, "relative", 1),
    (3, 0.5, 5e-3, "absolute", 0),
    (1, 0.5, 5e-4, "absolute", 2),
]:
    rule = dict(kind="plateau", epochs=epochs, factor=factor, floor=1e-9, threshold=threshold, mode=mode, cooldown=cooldown)
    cases.append(dict(rule=rule, rates=rates(epochs, factor, threshold, mode, cooldown)))
print(json.dumps(dict(errors=ERRORS, cases=cases), indent=1))

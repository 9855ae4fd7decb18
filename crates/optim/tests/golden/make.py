"""Writes golden.json: update rules, clipping and schedules as PyTorch 2.11 computes them.

Run with a Python that has torch 2.11.0:  python make.py
Each rule steps two parameters through given gradients at a rate that changes from step to step, in float64 (shows the
formula) and in float32 (shows the arithmetic that training uses).
"""

import json
import math
from pathlib import Path

import torch

torch.manual_seed(20110501)
STEPS = 8
RATES = [0.1 / (1 + 0.2 * k) for k in range(STEPS)]
# Multiples of 1/64, so that float32 and float64 start from the same numbers and the file stays short.
START = {"weight": torch.randint(-128, 128, (3, 4)) / 64, "bias": torch.randint(-64, 64, (4,)) / 64}
GRADIENTS = [{name: torch.randint(-192, 192, tensor.shape) / 64 for name, tensor in START.items()} for _ in range(STEPS)]
# An exact zero shows what the sign of zero does in L1, and an empty second moment in Adam's first step.
START["weight"][0, 0] = 0.0
GRADIENTS[0]["bias"][0] = 0.0


def flat(tensor):
    return [float(x) for x in tensor.detach().flatten()]


def fresh(dtype):
    return {name: tensor.to(dtype).clone().requires_grad_(True) for name, tensor in START.items()}


def run(make, l1, l2, dtype):
    """Final parameters; `make(weight, bias)` builds the optimiser; the penalty falls on the weight alone."""
    parameters = fresh(dtype)
    optimiser = make(parameters["weight"], parameters["bias"])
    for rate, gradients in zip(RATES, GRADIENTS):
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        loss = sum((parameters[name] * gradients[name].to(dtype)).sum() for name in parameters)
        if l1:
            loss = loss + l1 * parameters["weight"].abs().sum()
        if l2:
            loss = loss + l2 * parameters["weight"].square().sum()
        loss.backward()
        optimiser.step()
    return {name: flat(tensor) for name, tensor in parameters.items()}


def case(rule, make, l1=0.0, l2=0.0):
    return {
        "rule": rule,
        "penalty": {"l1": l1, "l2": l2},
        "f64": run(make, l1, l2, torch.float64),
        "f32": run(make, l1, l2, torch.float32),
    }


def groups(decay):
    """Weight decay on the weight only, as parameter groups."""
    return lambda w, b: [{"params": [w], "weight_decay": decay}, {"params": [b], "weight_decay": 0.0}]


rules = []
for momentum, dampening, nesterov in [(0, 0, False), (0.9, 0, False), (0.9, 0.3, False), (0.5, 1.0, False), (0.9, 0, True)]:
    options = {"kind": "sgd", "momentum": momentum, "dampening": dampening, "nesterov": nesterov}
    make = lambda w, b: torch.optim.SGD([w, b], lr=1.0, momentum=momentum, dampening=dampening, nesterov=nesterov)
    rules.append(case(options, make))
    rules.append(case(options, make, l1=0.05, l2=0.0))
    rules.append(case(options, make, l1=0.02, l2=0.1))
    # PyTorch's weight_decay adds wd * w to the gradient: our l2 = wd / 2.
    decayed = lambda w, b: torch.optim.SGD(
        groups(0.2)(w, b), lr=1.0, momentum=momentum, dampening=dampening, nesterov=nesterov
    )
    rules.append(case(options, decayed) | {"penalty": {"l1": 0.0, "l2": 0.1}})

for beta1, beta2, epsilon in [(0.9, 0.999, 1e-8), (0.8, 0.9, 1e-3), (0.0, 0.99, 1e-8)]:
    betas = {"betas": (beta1, beta2), "eps": epsilon, "foreach": False}
    options = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    rules.append(case({"kind": "adam"} | options, lambda w, b: torch.optim.Adam([w, b], lr=1.0, **betas)))
    rules.append(case({"kind": "adam"} | options, lambda w, b: torch.optim.Adam([w, b], lr=1.0, **betas), l2=0.1))
    for decay in (0.0, 0.01, 0.5):
        rules.append(
            case(
                {"kind": "adamw", "weight_decay": decay} | options,
                lambda w, b: torch.optim.AdamW(groups(decay)(w, b), lr=1.0, **betas),
            )
        )

for smoothing, epsilon, momentum, centered in [
    (0.99, 1e-8, 0, False),
    (0.9, 1e-3, 0, False),
    (0.99, 1e-8, 0.9, False),
    (0.9, 1e-8, 0, True),
    (0.9, 1e-2, 0.5, True),
]:
    options = {"kind": "rmsprop", "smoothing": smoothing, "epsilon": epsilon, "momentum": momentum, "centered": centered}
    make = lambda w, b: torch.optim.RMSprop(
        [w, b], lr=1.0, alpha=smoothing, eps=epsilon, momentum=momentum, centered=centered, foreach=False
    )
    rules.append(case(options, make))
    rules.append(case(options, make, l2=0.1))


def clipped(dtype, clip):
    parameters = fresh(dtype)
    for name, tensor in parameters.items():
        tensor.grad = GRADIENTS[1][name].to(dtype).clone()
    norm = clip(list(parameters.values()))
    return {"norm": None if norm is None else float(norm)} | {name: flat(t.grad) for name, t in parameters.items()}


clipping = []
for bound in (0.5, 3.0, 1000.0):
    norm = lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, bound)
    value = lambda parameters: torch.nn.utils.clip_grad_value_(parameters, bound)
    clipping.append({"by": "norm", "bound": bound, "f64": clipped(torch.float64, norm), "f32": clipped(torch.float32, norm)})
    clipping.append({"by": "value", "bound": bound, "f64": clipped(torch.float64, value), "f32": clipped(torch.float32, value)})

BASE = 0.3


def rates(make, calls, repeat=1):
    """The rate of each step; a scheduler that is stepped once per epoch holds its rate for `repeat` steps."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = make(optimiser)
    out = []
    for call in range(calls):
        out += [float(optimiser.param_groups[0]["lr"])] * repeat
        optimiser.step()
        if call + 1 < calls:
            scheduler.step()
    return out


PER_EPOCH, EPOCHS = 4, 9
TOTAL = PER_EPOCH * EPOCHS
sched = torch.optim.lr_scheduler
schedules = []


def schedule(key, values):
    schedules.append({"schedule": key, "base": BASE, "steps_per_epoch": PER_EPOCH, "total_steps": TOTAL, "rates": values})


schedule({"kind": "constant"}, rates(lambda o: sched.ConstantLR(o, factor=1.0), EPOCHS, PER_EPOCH))
for decay in (0.0, 1e-3, 0.5):
    schedule(
        {"kind": "inverse-time", "decay": decay},
        rates(lambda o: sched.LambdaLR(o, lambda epoch: 1 / (1 + decay * epoch)), EPOCHS, PER_EPOCH),
    )
for every, factor in ((1, 0.9), (3, 0.1), (20, 0.5)):
    schedule(
        {"kind": "step", "every": every, "factor": factor},
        rates(lambda o: sched.StepLR(o, every, factor), EPOCHS, PER_EPOCH),
    )
for final in (0.0, 0.05, 1.0):
    schedule(
        {"kind": "cosine", "final_fraction": final},
        rates(lambda o: sched.CosineAnnealingLR(o, T_max=TOTAL, eta_min=final * BASE), TOTAL),
    )


def warmed(optimiser, steps, final):
    # Linear from 1 / (steps + 1) to 1 in `steps` steps, then the cosine over what remains.
    up = sched.LinearLR(optimiser, start_factor=1 / (steps + 1), end_factor=1.0, total_iters=steps)
    down = sched.CosineAnnealingLR(optimiser, T_max=TOTAL - steps, eta_min=final * BASE)
    return sched.SequentialLR(optimiser, [up, down], milestones=[steps])


for epochs, steps, final in ((0.5, 2, 0.0), (2.0, 8, 0.1)):
    schedule(
        {"kind": "cosine", "final_fraction": final, "warm_up_epochs": epochs},
        rates(lambda o: warmed(o, steps, final), TOTAL),
    )
for anneal, name in (("linear", "linear"), ("cos", "cosine")):
    for warm_up, div, final_div in ((0.3, 25.0, 1e4), (0.2, 10.0, 100.0), (0.5, 1.0, 1.0), (1.0, 4.0, 4.0)):
        schedule(
            {
                "kind": "one-cycle",
                "warm_up_fraction": warm_up,
                "start_fraction": 1 / div,
                "final_fraction": 1 / div / final_div,
                "anneal": name,
            },
            rates(
                lambda o: sched.OneCycleLR(
                    o,
                    max_lr=BASE,
                    total_steps=TOTAL,
                    pct_start=warm_up,
                    anneal_strategy=anneal,
                    cycle_momentum=False,
                    div_factor=div,
                    final_div_factor=final_div,
                ),
                TOTAL,
            ),
        )

everything = {
    "torch": torch.__version__.split("+")[0],
    "shapes": {name: list(tensor.shape) for name, tensor in START.items()},
    "start": {name: flat(tensor) for name, tensor in START.items()},
    "learning_rates": RATES,
    "gradients": [{name: flat(tensor) for name, tensor in step.items()} for step in GRADIENTS],
    "rules": rules,
    "clipping": clipping,
    "schedules": schedules,
}
assert all(math.isfinite(x) for r in rules for d in ("f32", "f64") for v in r[d].values() for x in v)
Path(__file__).with_name("golden.json").write_text(json.dumps(everything, indent=None, separators=(",", ":")) + "\n")

"""PyTorch's side of `cargo xtask bench --versus`: trains one model in one way, and prints a JSON line per measure.

    python side.py --data data/mnist --model lenet --batch 500 --learning-rate 0.1 --way resident --epochs 3
"""

import argparse
import json
import time

import torch
from safetensors.torch import load_file
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import mnist
from models import MODELS


class Pictures(Dataset):
    """One picture at a time, as most data sets are written."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


class Moved:
    """A loader's minibatches on another device, which takes pinned ones while the host continues."""

    def __init__(self, loader, device):
        self.loader, self.device = loader, device

    def __iter__(self):
        for images, labels in self.loader:
            yield images.to(self.device, non_blocking=True), labels.to(self.device, non_blocking=True)


class Resident:
    """Minibatches as views of tensors that lie in the device's memory."""

    def __init__(self, images, labels, batch):
        self.images, self.labels, self.batch = images, labels, batch

    def __iter__(self):
        for start in range(0, len(self.labels) - self.batch + 1, self.batch):
            yield self.images[start : start + self.batch], self.labels[start : start + self.batch]


def say(measure, value):
    print(json.dumps({"measure": measure, "value": value}), flush=True)


def penalty(model, l1, l2):
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    return sum(l1 * w.abs().sum() + l2 * w.square().sum() for w in weights)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--l1", type=float, default=0)
    parser.add_argument("--l2", type=float, default=0)
    parser.add_argument("--way", choices=["loader", "resident", "compile"], required=True)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu, or cuda:N")
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="f32", help="bf16 is autocast")
    parser.add_argument("--compile-mode", default="default", help="mode of torch.compile")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--initial", help="safetensors with the initial parameters")
    parser.add_argument("--losses", type=int, default=0, help="print the loss of so many minibatches, then stop")
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.set_device(device)
    # No effect on a CPU.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.precision == "tf32"

    splits = mnist.load(args.data, args.pictures)
    if args.way == "loader":
        loader = lambda split: DataLoader(
            Pictures(*split),
            args.batch,
            drop_last=True,
            num_workers=args.workers,
            persistent_workers=args.workers > 0,
            pin_memory=cuda,
        )
        train, valid = (Moved(loader(split), device) if cuda else loader(split) for split in splits)
    else:
        train, valid = (Resident(*(part.to(device) for part in split), args.batch) for split in splits)

    model = MODELS[args.model]()
    if args.initial:
        model.load_state_dict(load_file(args.initial))
    model.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.learning_rate, fused=args.way != "loader")
    forward = torch.compile(model, mode=args.compile_mode) if args.way == "compile" else model
    autocast = torch.autocast(device.type, dtype=torch.bfloat16, enabled=args.precision == "bf16")

    def clock():
        """The time once the device has done all that it was told."""
        if cuda:
            torch.cuda.synchronize(device)
        return time.perf_counter()

    def step(images, labels):
        with autocast:
            loss = F.cross_entropy(forward(images), labels)
        total = loss + penalty(model, args.l1, args.l2) if args.l1 or args.l2 else loss
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return loss.detach()

    if args.losses:
        for _, (images, labels) in zip(range(args.losses), train):
            say("loss", step(images, labels).item())
        return

    for _ in range(args.epochs):
        start = clock()
        model.train()
        total = torch.zeros((), device=device)
        for images, labels in train:
            total += step(images, labels)
        total.item()
        trained = clock()
        model.eval()
        wrong = torch.zeros((), dtype=torch.int64, device=device)
        with torch.no_grad(), autocast:
            for images, labels in valid:
                wrong += (forward(images).argmax(1) != labels).sum()
        wrong.item()
        validated = clock()
        say("epoch", trained - start)
        say("validation", validated - trained)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures training on several ranks of one machine, and over a link of limited speed, beside a model of the time of a step.

Every work is trained in turns (A B C A B C ...), `--rounds` times, for a number of minibatches; a figure is the median over the rounds
with the lowest and highest. Links are veth pairs between two network namespaces, throttled by a token bucket (tc tbf), which needs root.

    python3 scripts/measure_ranks.py --program target/debug/minibatch --rounds 5 > ranks.md

The model: a step of W ranks takes compute(m / W) + 2 (W - 1) * latency + 2 (W - 1) / W * bytes / bandwidth, because the ranks compute
their shares at once and then sum gradients around a ring. compute is measured on one rank alone with a minibatch of m / W.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

# Recipe, its options, minibatch, minibatches to train: less than an epoch, so that nothing is validated on the way.
WORKS = {
    "LeNet, batch 500": ("lenet", [], 500, 90),
    "MLP, batch 500": ("mlp", [], 500, 90),
    "ResNet-20 on 28x28, batch 128": ("lenet", ["model={kind='cifar-resnet', depth=20}"], 128, 40),
}
LINKS = [100, 1000]  # Mbit/s
NODES = 8


def run(command, env=None):
    done = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr or done.stdout}")


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder, self.count = str(Path(program).resolve()), folder, 0

    def train(self, work, batch, ranks=1, threads=1, spaces=None):
        """Seconds of a step, the validation of 1,000 pictures at the end included, and the bytes of the gradients."""
        recipe, options, _, steps = WORKS[work]
        self.count += 1
        out = str(Path(self.folder) / str(self.count))
        words = [self.program, "train", recipe, "--no-test", "--device", "cpu", "--out", out]
        sets = [*options, "data.validation=1000", f"minibatch.size={batch}", f"limits.iterations={steps}", "stopping.kind=never", "epochs=1000"]
        words += [word for it in sets for word in ("--set", it)]
        env = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
        if spaces is None:
            run(words + (["--ranks", str(ranks)] if ranks > 1 else []), env)
        else:
            started = []
            for rank, space in enumerate(spaces):
                place = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "10.211.0.1", "MASTER_PORT": "29600"}
                inside = ["ip", "netns", "exec", space, *words]
                started.append(subprocess.Popen(inside, env={**os.environ, **env, **place}, stdout=subprocess.DEVNULL))
            if any([it.wait() != 0 for it in started]):
                raise SystemExit("a rank failed")
        summary = json.loads((Path(out) / "summary.json").read_text())
        return summary["train_seconds"] / steps, 4 * summary["parameters"]


def throttled(mbit):
    """Two namespaces with a link of that speed between them."""
    spaces = ["ranks-a", "ranks-b"]
    clear()
    for space in spaces:
        run(["ip", "netns", "add", space])
        run(["ip", "-n", space, "link", "set", "lo", "up"])
    run(["ip", "link", "add", "ranks-va", "netns", spaces[0], "type", "veth", "peer", "name", "ranks-vb", "netns", spaces[1]])
    for number, (space, link) in enumerate(zip(spaces, ["ranks-va", "ranks-vb"]), 1):
        run(["ip", "-n", space, "addr", "add", f"10.211.0.{number}/24", "dev", link])
        run(["ip", "-n", space, "link", "set", link, "up"])
        burst = max(32, mbit // 8)
        limit = ["rate", f"{mbit}mbit", "burst", f"{burst}kb", "latency", "50ms"]
        run(["ip", "netns", "exec", space, "tc", "qdisc", "add", "dev", link, "root", "tbf", *limit])
    return spaces


def clear():
    for space in ("ranks-a", "ranks-b"):
        subprocess.run(["ip", "netns", "del", space], capture_output=True)


def ms(values):
    return f"{1e3 * statistics.median(values):.2f} ({1e3 * min(values):.2f} to {1e3 * max(values):.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/debug/minibatch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--links", action="store_true", help="measure over throttled links as well; needs root")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.program, folder)
        cases = {"alone": dict(share=1), "alone, half the minibatch": dict(share=2), "2 ranks": dict(share=1, ranks=2), "alone, 2 threads": dict(share=1, threads=2)}
        times = {work: {case: [] for case in cases} for work in WORKS}
        over = {work: {mbit: [] for mbit in LINKS} for work in WORKS}
        sizes = {}
        for _ in range(args.rounds):
            for work, (_, _, batch, _) in WORKS.items():
                for case, how in cases.items():
                    how = dict(how)
                    seconds, sizes[work] = bench.train(work, batch // how.pop("share"), **how)
                    times[work][case].append(seconds)
        if args.links:
            for mbit in LINKS:
                spaces = throttled(mbit)
                for _ in range(args.rounds):
                    for work, (_, _, batch, _) in WORKS.items():
                        over[work][mbit].append(bench.train(work, batch, spaces=spaces)[0])
            clear()
        cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
        print(f"{cpu}, {os.cpu_count()} processors; median (lowest to highest) of {args.rounds} rounds, ms a step, one thread a rank\n")
        print("| work | " + " | ".join(cases) + " | 2 ranks, times as fast as 1 |")
        print("| --- |" + " --- |" * (len(cases) + 1))
        for work, by_case in times.items():
            gain = statistics.median(by_case["alone"]) / statistics.median(by_case["2 ranks"])
            print(f"| {work} | " + " | ".join(ms(it) for it in by_case.values()) + f" | {gain:.2f} |")
        latency = 1e-4
        print("\n| work | gradients | link | 2 ranks, measured | by the model |")
        print("| --- | --- | --- | --- | --- |")
        for work, by_link in over.items():
            half = statistics.median(times[work]["alone, half the minibatch"])
            for mbit, values in by_link.items():
                if values:
                    model = half + 2 * latency + sizes[work] / (mbit * 1e6 / 8)
                    print(f"| {work} | {sizes[work] / 1e6:.2f} MB | {mbit} Mbit/s | {ms(values)} | {1e3 * model:.2f} |")
        print(f"\n| work, {NODES} machines of one core and {NODES} times the minibatch | 1 Gbit/s | 10 Gbit/s | 100 Gbit/s |")
        print("| --- | --- | --- | --- |")
        for work in WORKS:
            alone = statistics.median(times[work]["alone"])
            cells = []
            for gbit in (1, 10, 100):
                step = alone + 2 * (NODES - 1) * latency + 2 * (NODES - 1) / NODES * sizes[work] / (gbit * 1e9 / 8)
                cells.append(f"{NODES * alone / step:.1f} times one")
            print(f"| {work} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()

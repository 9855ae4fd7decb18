#!/usr/bin/env python3
"""Plants label errors into a copy of a data set, and says how many of them `clean` found.

    label_errors.py plant SOURCE COPY [--share 0.05] [--seed 1]
    label_errors.py score COPY SUSPECTS.csv

SOURCE is a folder of class folders, or one with MNIST's IDX files (plain or gzip). COPY gets the same pictures, a share of them under another
class, drawn evenly; COPY.csv lists them. `score` prints precision and recall of the table of suspects. Of IDX files the pictures
are numbered as `clean` does: training pictures first, then test pictures. Only the standard library is needed.
"""

import argparse
import csv
import gzip
import pathlib
import random
import shutil

LABELS = ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"]


def listed(copy):
    return copy.with_name(copy.name + ".csv")


def content(path):
    packed = path.with_name(path.name + ".gz")
    return path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())


def plant_idx(source, copy, share, draw):
    planted, labels = [], [bytearray(content(source / name)) for name in LABELS]
    for name in ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"]:
        (copy / name).write_bytes(content(source / name))
    sizes = [len(part) - 8 for part in labels]
    for number in sorted(draw.sample(range(sum(sizes)), round(share * sum(sizes)))):
        part, place = (0, number) if number < sizes[0] else (1, number - sizes[0])
        given = labels[part][8 + place]
        labels[part][8 + place] = draw.choice([label for label in range(10) if label != given])
        planted.append((number, given))
    for name, part in zip(LABELS, labels):
        (copy / name).write_bytes(bytes(part))
    return planted


def plant_folder(source, copy, share, draw):
    shutil.copytree(source, copy, dirs_exist_ok=True)
    pictures = sorted(path.relative_to(copy) for path in copy.glob("*/*") if path.is_file())
    classes = sorted({path.parts[0] for path in pictures})
    planted = []
    for path in sorted(draw.sample(pictures, round(share * len(pictures)))):
        target = draw.choice([name for name in classes if name != path.parts[0]])
        place = pathlib.Path(target) / f"planted-{path.parts[0]}-{path.name}"
        (copy / path).rename(copy / place)
        planted.append((place.as_posix(), path.parts[0]))
    return planted


def plant(source, copy, share, seed):
    copy.mkdir(parents=True)
    draw = random.Random(seed)
    is_idx = any((source / (LABELS[0] + ending)).exists() for ending in ["", ".gz"])
    planted = (plant_idx if is_idx else plant_folder)(source, copy, share, draw)
    with open(listed(copy), "w", newline="") as file:
        csv.writer(file).writerows([("picture", "true"), *planted])
    print(f"{len(planted)} labels changed, listed in {listed(copy)}")


def score(copy, suspects):
    with open(listed(copy), newline="") as file:
        planted = {row["picture"]: row["true"] for row in csv.DictReader(file)}
    with open(suspects, newline="") as file:
        found = {row["picture"]: row["suggested"] for row in csv.DictReader(file)}
    hits = planted.keys() & found.keys()
    mended = sum(planted[picture] == found[picture] for picture in hits)
    print(f"planted {len(planted)}, suspects {len(found)}, planted among them {len(hits)}, with the true class suggested {mended}")
    print(f"precision {100 * len(hits) / max(len(found), 1):.1f} %, recall {100 * len(hits) / len(planted):.1f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    planting = commands.add_parser("plant")
    planting.add_argument("source", type=pathlib.Path)
    planting.add_argument("copy", type=pathlib.Path)
    planting.add_argument("--share", type=float, default=0.05)
    planting.add_argument("--seed", type=int, default=1)
    scoring = commands.add_parser("score")
    scoring.add_argument("copy", type=pathlib.Path)
    scoring.add_argument("suspects", type=pathlib.Path)
    words = parser.parse_args()
    if words.command == "plant":
        plant(words.source, words.copy, words.share, words.seed)
    else:
        score(words.copy, words.suspects)


if __name__ == "__main__":
    main()

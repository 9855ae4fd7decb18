"""Expected tilings for ../tiling.rs, computed with numpy (2.x: the arithmetic stays in float32).

Usage: python make.py > tiling.json

Each row of a matrix becomes a small picture: shifted to a minimum of 0, multiplied by 1 / (maximum + 1e-8), times 255,
fraction cut off by the conversion to uint8. Pictures are laid row by row on a black floor with spacing between them.
"""

import json

import numpy as np


def unit(row):
    row = row - row.min()
    return row * (np.float32(1.0) / (row.max() + np.float32(1e-8)))


def tiling(matrix, tile, floor, spacing, to_unit_interval):
    height, width = ((t + s) * n - s for t, s, n in zip(tile, spacing, floor))
    sheet = np.zeros((height, width), dtype=np.uint8)
    for i, row in enumerate(matrix[: floor[0] * floor[1]]):
        picture = (unit(row) if to_unit_interval else row).reshape(tile)
        assert picture.dtype == np.float32
        top = i // floor[1] * (tile[0] + spacing[0])
        left = i % floor[1] * (tile[1] + spacing[1])
        sheet[top : top + tile[0], left : left + tile[1]] = picture * np.float32(255)
    return sheet


def case(name, matrix, tile, floor, spacing, to_unit_interval=True):
    matrix = matrix.astype(np.float32)
    sheet = tiling(matrix, tile, floor, spacing, to_unit_interval)
    return {
        "name": name,
        # A float32 is exact as a float64, which JSON's decimal digits carry.
        "matrix": [float(x) for x in matrix.ravel()],
        "tile": tile,
        "floor": floor,
        "spacing": spacing,
        "to_unit_interval": to_unit_interval,
        "height": sheet.shape[0],
        "width": sheet.shape[1],
        "pixels": sheet.ravel().tolist(),
    }


rng = np.random.default_rng(20)
cases = [
    case("filters of a first layer", rng.uniform(-0.3, 0.3, (20, 25)), (5, 5), (4, 5), (1, 1)),
    case("oblong tiles, uneven spacing, last row not full", rng.normal(size=(7, 12)), (3, 4), (3, 3), (2, 1)),
    case("more rows than tiles", rng.normal(size=(9, 4)), (2, 2), (2, 2), (1, 1)),
    case("no spacing", rng.normal(size=(4, 6)), (2, 3), (2, 2), (0, 0)),
    case("one tile", rng.normal(size=(1, 30)), (6, 5), (1, 1), (3, 3)),
    case("constant rows", np.array([[0.0] * 4, [7.5] * 4, [-2.0] * 4]), (2, 2), (1, 3), (1, 1)),
    case("differences as small as the guard", rng.uniform(0, 3e-8, (2, 9)), (3, 3), (1, 2), (1, 1)),
    case("large numbers far from zero", 1e6 + rng.uniform(0, 100, (2, 9)), (3, 3), (2, 1), (1, 1)),
    case("numbers taken as they are", rng.uniform(0, 1, (4, 9)), (3, 3), (2, 2), (1, 1), False),
    case("hidden units of 28 x 28", rng.normal(scale=0.05, size=(3, 784)), (28, 28), (1, 3), (1, 1)),
]
print("[" + ",\n".join(json.dumps(c) for c in cases) + "]")

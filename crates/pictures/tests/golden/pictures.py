"""What Pillow makes of odd pictures, for the test `odd_pictures_are_read_as_pillow_reads_them`.

    python pictures.py FOLDER... > pictures.csv       (Pillow 13.0.0, 2026-11)

A row a file: name, then `refused`, or width and height as it is to be seen (turned by EXIF or XMP), and for each quarter
(upper left, upper right, lower left, lower right) the mean of red, green and blue and their standard deviations, the first
frame laid over white.
Pictures of 16-bit grey are left out: Pillow clips where they should be scaled.
"""

import os
import sys

import numpy
from PIL import Image, ImageOps


def row(path):
    try:
        with Image.open(path) as picture:
            picture.load()
            if picture.mode.startswith("I"):
                return None
            turned = ImageOps.exif_transpose(picture).convert("RGBA")
    except Exception:
        return ["refused"]
    white = Image.new("RGBA", turned.size, "white")
    pixels = numpy.asarray(Image.alpha_composite(white, turned).convert("RGB"), dtype=float)
    rows, columns = (n // 2 for n in pixels.shape[:2])
    quarters = [(slice(0, rows), slice(0, columns)), (slice(0, rows), slice(columns, None)),
                (slice(rows, None), slice(0, columns)), (slice(rows, None), slice(columns, None))]
    parts = [pixels[y, x].reshape(-1, 3) if pixels[y, x].size else numpy.zeros((1, 3)) for y, x in quarters]
    return [*turned.size, *(f"{value:.2f}" for part in parts for figure in (part.mean(0), part.std(0)) for value in figure)]


for folder in sys.argv[1:]:
    for name in sorted(os.listdir(folder)):
        found = None if name.endswith(".csv") else row(os.path.join(folder, name))
        if found:
            print(",".join(map(str, [name, *found])))

"""What TensorBoard reads from a run is what metrics.csv says: check_tensorboard.py RUN

Needs tensorboard. Reads the run's event file with TensorBoard's own reader, and compares every scalar of every validation
with the table; each step is there once. Prints how many were compared; exits 1 where something differs.
"""

import csv
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

COLUMNS = {
    "loss/train": "train_loss",
    "loss/validation": "validation_loss",
    "error/train": "train_error",
    "error/validation": "validation_error",
    "error/validation_top_k": "validation_top_k_error",
    "error/best_validation": "best_validation_error",
    "penalty": "penalty",
    "learning_rate": "learning_rate",
    "epoch": "epoch",
}


def single(number):
    """The number as TensorBoard keeps it."""
    return struct.unpack("f", struct.pack("f", number))[0]


run = pathlib.Path(sys.argv[1])
with open(run / "metrics.csv", newline="") as file:
    table = list(csv.DictReader(file))
board = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "tensors": 0}).Reload()
for tag, column in COLUMNS.items():
    read = [(event.step, event.value) for event in board.Scalars(tag)]
    written = [(int(row["iteration"]), single(float(row[column]))) for row in table if row[column]]
    if read != written:
        sys.exit(f"{tag}: TensorBoard reads {read} where metrics.csv has {written}")
speeds = [event.value for event in board.Scalars("images_per_second")]
if len(speeds) != len(table) or not all(speed > 0 for speed in speeds):
    sys.exit(f"images_per_second: {speeds}")
recipe = board.Tensors("recipe/text_summary")[0].tensor_proto.string_val[0].decode()
if [line[4:] for line in recipe.splitlines()] != (run / "recipe.toml").read_text().splitlines():
    sys.exit(f"the recipe differs: {recipe}")
print(f"{len(table)} validations, {len(COLUMNS) + 1} scalars and the recipe agree")

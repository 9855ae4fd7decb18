"""SHA-256 of the pictures and the split in `samples.rs`, by hashlib alone: fingerprint.py prints train, test, split."""

import hashlib
import struct


def digest(labels, pixels, shape, classes):
    numbers = struct.pack("<5Q", len(labels), *shape, classes)
    return hashlib.sha256(numbers + bytes(labels) + bytes(pixels)).hexdigest()


print(digest([0, 1, 2, 0, 1], [i * 7 for i in range(30)], (1, 2, 3), 3))
print(digest([2, 2], [*range(24 * 7, 30 * 7, 7), 9, 9, 9, 9, 9, 9], (1, 2, 3), 3))
print(hashlib.sha256(bytes([0, 0, 0, 1, 1])).hexdigest())

"""Writes suspects.json: which labels cleanlab takes for wrong by confident learning.

pip install cleanlab==2.9.0
"""

import json

import numpy
from cleanlab.count import compute_confident_joint, get_confident_thresholds

random = numpy.random.default_rng(5)
count, classes = 300, 4
true = random.integers(0, classes, count)
logits = random.normal(size=(count, classes)) + 2.2 * numpy.eye(classes)[true]
probabilities = numpy.exp(logits) / numpy.exp(logits).sum(1, keepdims=True)
probabilities = probabilities.round(6)
wrong = random.random(count) < 0.1
labels = numpy.where(wrong, (true + random.integers(1, classes, count)) % classes, true)

thresholds = get_confident_thresholds(labels, probabilities)
_, issues = compute_confident_joint(labels, probabilities, return_indices_of_off_diagonals=True)
issues = sorted(int(i) for i in issues)
# The class that a suspect is counted for: the most probable of those whose threshold is reached.
confident = numpy.where(probabilities >= thresholds - 1e-6, probabilities, -1)
json.dump(
    {
        "labels": labels.tolist(),
        "probabilities": probabilities.tolist(),
        "thresholds": thresholds.tolist(),
        "issues": issues,
        "suggested": [int(confident[i].argmax()) for i in issues],
    },
    open("suspects.json", "w"),
)

"""Figures of scikit-learn and SciPy for `metrics.rs`. Run: python metrics.py > metrics.json (scikit-learn, scipy)."""
import json
import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest
from sklearn.metrics import (average_precision_score, balanced_accuracy_score, f1_score, precision_score, recall_score,
                             roc_auc_score)

rng = np.random.default_rng(3)
n, k = 157, 4
labels = rng.choice(k, size=n, p=[0.5, 0.3, 0.15, 0.05])
logits = np.round(rng.normal(size=(n, k)) * 3 + 3 * np.eye(k)[labels], 3)
predicted = logits.argmax(1)
probabilities = softmax(logits, axis=1)


def loss(log_t):
    return -log_softmax(logits / np.exp(log_t), axis=1)[np.arange(n), labels].mean()


def ece(temperature, bins=15):
    p = softmax(logits / temperature, axis=1)
    confidence, right = p.max(1), predicted == labels
    edges, total = np.linspace(0, 1, bins + 1), 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


best = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded", options={"xatol": 1e-12})
wilson = []
for hits, of in [(0, 1), (1, 1), (17, 33), (28, 30), (0, 30), (30, 30), (9908, 10000)]:
    ci = binomtest(hits, of).proportion_ci(method="wilson")
    wilson.append([hits, of, ci.low, ci.high])
tied = np.round(probabilities[:, 1], 1)
print(json.dumps({
    "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__},
    "labels": labels.tolist(), "logits": logits.ravel().tolist(), "wilson": wilson,
    "balanced_accuracy": balanced_accuracy_score(labels, predicted),
    "macro_f1": f1_score(labels, predicted, average="macro"),
    "precision": precision_score(labels, predicted, average=None).tolist(),
    "recall": recall_score(labels, predicted, average=None).tolist(),
    "roc_auc": [roc_auc_score(labels == c, probabilities[:, c]) for c in range(k)],
    "average_precision": [average_precision_score(labels == c, probabilities[:, c]) for c in range(k)],
    "tied": {"scores": tied.tolist(), "roc_auc": roc_auc_score(labels == 1, tied),
             "average_precision": average_precision_score(labels == 1, tied)},
    "temperature": float(np.exp(best.x)), "loss": [loss(0.0), float(best.fun)],
    "calibration_error": [ece(1.0), ece(float(np.exp(best.x)))],
}))

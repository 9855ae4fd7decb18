"""Writes parzen.json: log densities of Optuna's Parzen estimator (pip install optuna; made with 5.0.0).

Run it in this folder.
"""

import json

import numpy as np
from optuna.distributions import FloatDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters

PARAMETERS = _ParzenEstimatorParameters(
    prior_weight=1.0, consider_magic_clip=True, consider_endpoints=False, weights=np.ones, multivariate=False
)
CASES = [
    (0.0, 1.0, []),
    (0.0, 1.0, [0.2]),
    (-7.0, 2.0, [-3.0, -2.5]),
    (-7.0, 2.0, [-3.0, -3.0, 1.9, -6.0]),
    (0.0, 100.0, [float(x) for x in np.random.RandomState(1).uniform(40, 60, 20)]),
]
cases = []
for low, high, seen in CASES:
    space = {"x": FloatDistribution(low, high)}
    at = np.linspace(low, high, 7)
    densities = _ParzenEstimator({"x": np.array(seen)}, space, PARAMETERS).log_pdf({"x": at})
    cases.append({"low": low, "high": high, "seen": seen, "at": at.tolist(), "log_density": densities.tolist()})
with open("parzen.json", "w") as file:
    json.dump(cases, file, indent=1)
    file.write("\n")

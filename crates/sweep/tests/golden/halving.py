"""Writes halving.json: which trials Optuna's SuccessiveHalvingPruner stops (pip install optuna; made with 5.0.0).

Run it in this folder. Each case is a sequence of trials; a trial reports a value after every epoch.
"""

import json

import numpy as np
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
random = np.random.RandomState(2)
cases = []
for first, factor, epochs in [(1, 3, 9), (2, 2, 17), (1, 4, 20)]:
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=factor)
    study = optuna.create_study(pruner=pruner)
    trials = []
    for _ in range(30):
        level = random.uniform(0, 1)
        values = [round(float(level + random.normal(0, 0.1) + 1 / epoch), 6) for epoch in range(1, epochs + 1)]
        trial, stopped = study.ask(), None
        for epoch, value in enumerate(values, 1):
            trial.report(value, epoch)
            if trial.should_prune():
                stopped = epoch
                break
        if stopped:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, values[-1])
        trials.append({"values": values, "stopped": stopped})
    cases.append({"first": first, "factor": factor, "trials": trials})
with open("halving.json", "w") as file:
    json.dump(cases, file)
    file.write("\n")

"""What Optuna reads of a sweep is what its table says: check_optuna.py SWEEP

Needs optuna. Loads the study from optuna.jsonl with Optuna's own reader and compares settings, states and objectives of
every trial with sweep.csv, and the best trial with result.json. Prints how many were compared; exits 1 where something differs.
"""

import csv
import json
import pathlib
import sys

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

STATES = {"done": "COMPLETE", "pruned": "PRUNED", "diverged": "FAIL", "failed": "FAIL", "open": "RUNNING"}
FIXED = 8  # Columns behind the settings, from objective to note.


def number(text):
    """A value of the table as Optuna has it: a number where it is one, alone in a list or not."""
    text = text.strip('[]"')
    try:
        return float(text)
    except ValueError:
        return text or "–"


optuna.logging.set_verbosity(optuna.logging.ERROR)
sweep = pathlib.Path(sys.argv[1])
study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(sweep / "optuna.jsonl"))))
table = {}
with open(sweep / "sweep.csv", newline="") as file:
    reader = csv.DictReader(file)
    keys = reader.fieldnames[3:-FIXED]
    for row in reader:
        table.setdefault(int(row["trial"]), []).append(row)
if [trial.user_attrs["trial"] for trial in study.trials] != sorted(table):
    sys.exit(f"Optuna reads {len(study.trials)} trials where the table has {len(table)}")
for trial in study.trials:
    rows = table[trial.user_attrs["trial"]]
    settings = {key: number(rows[0][key]) for key in keys}
    read = {key: value if isinstance(value, str) and number(value) == value else number(str(value)) for key, value in trial.params.items()}
    if read != settings:
        sys.exit(f"trial {trial.number}: Optuna reads {read} where the table has {settings}")
    ends = [row["state"] for row in rows if row["state"] not in ("done", "left out")]
    state = STATES[ends[0] if ends else "done"]
    if trial.state.name != state:
        sys.exit(f"trial {trial.number}: Optuna reads {trial.state.name} where the table has {ends}")
    if state == "COMPLETE":
        mean = sum(float(row["objective"]) for row in rows) / len(rows)
        if abs(trial.value - mean) > 1e-12 or not trial.intermediate_values:
            sys.exit(f"trial {trial.number}: Optuna reads {trial.value} where the table has {mean}")
winner = json.loads((sweep / "result.json").read_text())["winner"]
best = study.best_trial.user_attrs["trial"] if winner else None
if winner and winner["trial"] != best and study.best_value != winner["objective"]:
    sys.exit(f"Optuna takes trial {best} for the best, and the sweep trial {winner['trial']}")
print(f"{len(study.trials)} trials")

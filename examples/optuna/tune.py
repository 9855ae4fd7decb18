"""Optuna searches for settings of `minibatch train`; poor trials are stopped while they train.

Each trial is a run of its own. Its validations come as lines of JSON, and a trial that Optuna prunes is interrupted as
Ctrl-C does it: its folder keeps its checkpoint. No trial looks at the test set; the winner does, when it is chosen.

    pip install optuna
    python tune.py --trials 20 mlp
    minibatch sweep collect runs/optuna
"""

import argparse
import json
import pathlib
import shlex
import signal
import subprocess

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a recipe, a TOML file or a folder of pictures")
    parser.add_argument("--trials", type=int, default=20, help="settings to try (default 20)")
    parser.add_argument("--epochs", type=int, default=10, help="epochs of a trial at most (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the search (default 0)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/optuna"), help="folder of the runs")
    parser.add_argument("--program", default="minibatch", help="what starts the program, such as 'cargo xtask'")
    return parser.parse_args()


def settings(trial):
    """The keys of the recipe that are searched."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-3, 1.0, log=True),
        "penalty.l2": trial.suggest_float("penalty.l2", 1e-6, 1e-2, log=True),
        "minibatch.size": trial.suggest_categorical("minibatch.size", [50, 100, 200]),
    }


def train(args, trial):
    """Trains a trial and gives the lowest validation error."""
    folder = args.out / f"trial-{trial.number:04}"
    words = ["train", args.recipe, "--json", "--no-test", "--epochs", str(args.epochs), "--out", str(folder)]
    for key, value in settings(trial).items():
        words += ["--set", f"{key}={value}"]
    trial.set_user_attr("folder", str(folder))
    process = subprocess.Popen(shlex.split(args.program) + words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pruned, last = False, {}
    # Reading on to the end lets the run write its checkpoint after it is interrupted.
    for line in process.stdout:
        last = json.loads(line)
        if last["event"] == "validated" and not pruned:
            trial.report(last["validation_error"], last["iteration"])
            if trial.should_prune():
                process.send_signal(signal.SIGINT)
                pruned = True
    process.stderr.read()
    process.wait()
    if pruned:
        raise optuna.TrialPruned()
    if last.get("event") == "summary" and last["best_validation_error"] is not None:
        return last["best_validation_error"]
    message = last.get("message", "the run gave no summary")
    if last.get("status") == 2:
        raise SystemExit(message)  # The recipe or a key is wrong, and would be in every trial.
    # A loss that is not finite is a result of these settings: Optuna takes the trial for failed and goes on.
    print(f"trial {trial.number}: {message}")
    return float("nan")


def main():
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(args.out / "study.jsonl")))
    study = optuna.create_study(
        study_name=args.out.name,
        storage=storage,
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=args.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
    )
    study.optimize(lambda trial: train(args, trial), n_trials=args.trials)
    if not any(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.trials):
        raise SystemExit("no trial came to its end")
    best = study.best_trial
    print(f"trial {best.number}: validation error {100 * best.value:.2f} % with {best.params}")
    print(f"look at the test set: {args.program} train --resume {shlex.quote(best.user_attrs['folder'])}")
    print(f"compare all of them:  {args.program} sweep collect {shlex.quote(str(args.out))}")


if __name__ == "__main__":
    main()

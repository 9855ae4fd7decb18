//! Command lines that can be copied into a shell: the one that trains a trial again.

use crate::state::{Run, Trial};
use std::path::Path;

/// How the program and the recipes are named in commands.
#[derive(Debug, Clone)]
pub struct Commands<'a> {
    /// What is typed to start the program, such as `minibatch`.
    pub program: &'a str,
    /// The folder of the sweep, or of runs that were trained one by one.
    pub root: &'a Path,
    /// Whether there is one recipe, whose keys the trials change; otherwise each run has its own.
    pub is_sweep: bool,
}

impl Commands<'_> {
    /// Trains a trial's run again, as a run of its own.
    pub fn train(&self, trial: &Trial, run: &Run) -> String {
        let of_run = if self.is_sweep { "" } else { &run.folder };
        let recipe = quote(&self.root.join(of_run).join("recipe.toml").to_string_lossy());
        if !self.is_sweep {
            return format!("{} train {recipe}", self.program);
        }
        let set = trial.settings.iter().map(|(key, value)| format!(" --set {}", quote(&format!("{key}={value}"))));
        format!("{} train {recipe}{} --seed {}", self.program, set.collect::<String>(), run.seed)
    }

    /// Trains the winner.
    pub fn winner(&self) -> String {
        format!("{} train {}", self.program, quote(&self.root.join("winner.toml").to_string_lossy()))
    }
}

/// A word as a POSIX shell reads it back; one that no shell can take is shown as it is.
fn quote(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |it| it.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_survive_a_shell() {
        let commands = Commands { program: "minibatch", root: Path::new("my runs/s"), is_sweep: true };
        let settings = vec![("learning_rate".into(), "0.1".into()), ("model.hidden".into(), "[50, 20]".into())];
        let run = Run { seed: 3, folder: "a run".into(), ..Run::default() };
        let trial = Trial { number: 1, settings, runs: vec![run.clone()] };
        let told = commands.train(&trial, &run);
        let words = shlex::split(&told).unwrap();
        assert_eq!(words[1..3], ["train", "my runs/s/recipe.toml"]);
        assert_eq!(words[3..], ["--set", "learning_rate=0.1", "--set", "model.hidden=[50, 20]", "--seed", "3"]);
        let told = Commands { is_sweep: false, ..commands }.train(&trial, &run);
        assert_eq!(shlex::split(&told).unwrap()[1..], ["train", "my runs/s/a run/recipe.toml"]);
    }
}

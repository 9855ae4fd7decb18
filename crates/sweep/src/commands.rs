//! Command lines that can be copied into a shell: the one that trains a trial again.

use crate::space::Settings;
use std::path::Path;

/// How the program and the sweep's recipe are named in commands.
#[derive(Debug, Clone)]
pub struct Commands<'a> {
    /// What is typed to start the program, such as `minibatch`.
    pub program: &'a str,
    /// The sweep's folder.
    pub sweep: &'a Path,
}

impl Commands<'_> {
    /// Trains a trial again with one seed, as a run of its own.
    pub fn train(&self, settings: &Settings, seed: u64) -> String {
        let recipe = quote(&self.sweep.join("recipe.toml").to_string_lossy());
        let set = settings.iter().map(|(key, value)| format!(" --set {}", quote(&format!("{key}={value}"))));
        format!("{} train {recipe}{} --seed {seed}", self.program, set.collect::<String>())
    }

    /// Trains the winner.
    pub fn winner(&self) -> String {
        format!("{} train {}", self.program, quote(&self.sweep.join("winner.toml").to_string_lossy()))
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
        let commands = Commands { program: "minibatch", sweep: Path::new("my runs/s") };
        let settings = vec![("learning_rate".into(), "0.1".into()), ("model.hidden".into(), "[50, 20]".into())];
        let told = commands.train(&settings, 3);
        let words = shlex::split(&told).unwrap();
        assert_eq!(words[1..3], ["train", "my runs/s/recipe.toml"]);
        assert_eq!(words[3..], ["--set", "learning_rate=0.1", "--set", "model.hidden=[50, 20]", "--seed", "3"]);
    }
}

//! What to try next, as a command that can be copied into a shell.

use crate::record::Record;
use crate::verdict::Advice;
use models::Arch;
use optim::Schedule;
use values::short;

/// The weight decay to begin with, and by how much a smaller one is raised.
const DECAY: f64 = 0.0005;
const RAISED: f64 = 4.0;
/// By how much a learning rate that may be too high is lowered.
const SLOWER: f64 = 10.0;

/// The command that follows an advice for a run, where one does; `program` is how this program is called.
pub fn command(record: &Record, advice: Advice, program: &str) -> Option<String> {
    let recipe = &record.identity.recipe;
    let own = quoted(&record.path.join("recipe.toml").to_string_lossy())?;
    let longer = || match recipe.schedule {
        Schedule::Constant => {
            let run = quoted(&record.path.to_string_lossy())?;
            Some(format!("{program} train --resume {run} --epochs {}", 2 * recipe.epochs))
        }
        // A schedule that ends with the epochs begins again with more of them.
        _ => Some(format!("{program} train {own} --epochs {}", 2 * recipe.epochs)),
    };
    match advice {
        Advice::Longer => longer(),
        Advice::Regularise if recipe.penalty.l2 == 0.0 => {
            Some(format!("{program} train {own} --set penalty.l2={}", short(DECAY)))
        }
        Advice::Regularise if recipe.minibatch.shift == 0 && recipe.pictures.is_none() => {
            Some(format!("{program} train {own} --set minibatch.shift=2"))
        }
        Advice::Regularise => {
            Some(format!("{program} train {own} --set penalty.l2={}", short(RAISED * recipe.penalty.l2)))
        }
        Advice::Larger => {
            let larger = match recipe.model {
                Arch::Softmax => "mlp",
                Arch::Mlp { .. } => "lenet",
                _ => return longer(),
            };
            let set = quoted(&recipe.data.set)?;
            recipe.pictures.is_none().then(|| format!("{program} train {larger} --dataset {set}"))
        }
        Advice::Slower => {
            Some(format!("{program} train {own} --set learning_rate={}", short(recipe.learning_rate / SLOWER)))
        }
        Advice::Clean | Advice::Look | Advice::Folds | Advice::Nothing => None,
    }
}

/// A word as a shell reads it back; `None` for one that no shell takes.
fn quoted(word: &str) -> Option<String> {
    shlex::try_quote(word).ok().map(std::borrow::Cow::into_owned)
}

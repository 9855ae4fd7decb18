//! What a changed recipe does to a run that is resumed: what was remembered under the old one gets the meaning of the new.

use crate::learner::Learner;
use crate::plan::Plan;
use crate::recipe::Recipe;
use crate::recipe::Watch;
use crate::stopping::{Stopper, StopperState};

impl Learner {
    /// Takes up the changes between the recipe that the run had and that of `plan`: a changed stopping rule starts again but
    /// keeps the best; where something else is watched, the best is that of the kept model in the new measure, and the rule
    /// counts again; and a run that ended by what has changed can continue. Gives what a person should know of it, in lines.
    pub fn adopt(&mut self, before: &Recipe, plan: &Plan) -> Vec<String> {
        let now = plan.recipe();
        let mut notes = Vec::new();
        let (rule_changed, watch) = (now.stopping != before.stopping, now.evaluation.watch);
        let watch_changed = watch != before.evaluation.watch;
        if watch_changed {
            let value = self.progress.best.map(|best| watch.choose(best.error, best.loss));
            self.progress.stopping = self.progress.stopping.clone().measured_anew(value);
            if let Some((best, value)) = self.progress.best.zip(value) {
                notes.push(format!(
                    "validation {} is watched from now on: the best model stays that of iteration {}, and its {value:.4} is what has \
                     to be passed; lower values before now do not count, because their models were not kept",
                    if watch == Watch::Error { "error" } else { "loss" },
                    best.iteration
                ));
            }
        }
        if rule_changed {
            let best = self.progress.stopping.best;
            self.progress.stopping = StopperState { best, ..Stopper::new(&now.stopping).memory().clone() };
        }
        let last = self.progress.iteration.saturating_sub(1);
        let rule_is_over = Stopper::resume(&now.stopping, self.progress.stopping.clone()).is_over(last);
        let epochs_left = self.progress.iteration < plan.total_steps();
        let still_ended = match self.progress.stopped_by.as_deref() {
            None => return notes,
            Some("epochs") => !epochs_left,
            Some(rule) if rule == before.stopping.name() => !(rule_changed || watch_changed) || rule_is_over,
            Some(_) => plan.limit_reached(&self.progress).is_some(),
        };
        if epochs_left && !still_ended {
            self.progress.stopped_by = None;
            notes.extend(self.progress.closing.take().map(|closing| {
                let iteration = closing.at.iteration;
                format!("the validation after iteration {iteration}, made because a limit ended training there, is taken back")
            }));
        }
        notes
    }
}

//! The chart of ratios: a bar for each goal, its quartiles, and the goal as a tick. The page of figures shows it.

use viz::{Bar, Drawing};

use crate::goals::goals;
use crate::platform::Platform;
use crate::record::Record;
use crate::stats::spread;

/// The chart; `None` where no ratio was measured.
pub fn draw(platform: Platform, record: &Record) -> Option<Drawing> {
    let measured = goals(platform).into_iter().filter_map(|goal| {
        let it = spread(&goal.ratios(record))?;
        let against = goal.against.title().replace("PyTorch, ", "").replace('`', "");
        let label = format!("{} | {against}", goal.title);
        Some(Bar { label, ratio: it.median, quartiles: (it.lower, it.upper), goal: goal.at_least })
    });
    let note = "times faster, log scale; tick: goal; grey: no goal; thin line: quartiles";
    // Times are above 0, and so are their ratios; without any there is nothing to draw.
    viz::bars("Their time over ours", note, &measured.collect::<Vec<_>>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn there_is_a_bar_for_each_ratio_that_was_measured_and_none_without() {
        let rows = [("lenet-20", "resident", 1, "epoch", 3.0), ("lenet-20", "ours", 1, "epoch", 2.0)];
        let drawing = draw(Platform::Cpu, &record(&rows)).unwrap();
        assert_eq!(drawing.as_str().matches("viz-bar").count(), 1);
        assert!(drawing.as_str().contains("<title>1.5</title>"), "{}", drawing.as_str());
        assert!(drawing.as_str().contains("LeNet epoch, batch 20"));
        assert_eq!(draw(Platform::Cpu, &record(&[])), None);
    }

    #[test]
    fn a_bar_without_a_goal_bears_no_tick() {
        let rows = [("lenet-500", "candle", 1, "epoch", 60.0), ("lenet-500", "ours", 1, "epoch", 4.0)];
        let drawing = draw(Platform::Cpu, &record(&rows)).unwrap();
        assert!(drawing.as_str().contains("viz-bar") && !drawing.as_str().contains("viz-goal"));
    }
}

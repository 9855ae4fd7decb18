//! From rows to Markdown: the table of goals, and what it was measured with.

use std::fmt::Write;

use super::record::Record;
use super::stats::{Spread, ratios, spread};
use super::work::{GOALS, Goal, PEAK_SHARE, Side, Target, Work};

/// The table of goals with our figures beside each, and the conditions under it.
pub fn goals(record: &Record) -> String {
    let mut text = "| work | against | theirs | ours | theirs / ours | goal | met |\n\
                    | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let mut row = |cells: [String; 7]| {
        let _ = writeln!(text, "| {} |", cells.join(" | ")); // writing to a String does not fail
    };
    for goal in GOALS {
        row(ratio_row(record, goal));
    }
    row(share_row(record));
    for &work in Work::ALL {
        if let Some(target) = work.target() {
            row(target_row(record, work, target));
        }
    }
    text.push_str(&conditions(record));
    text
}

/// The ratio that a goal is about, repetition by repetition; empty where a side was not measured.
pub fn goal_ratios(record: &Record, goal: &Goal) -> Vec<f64> {
    let side = |side: Side| record.medians(goal.work.name(), side.name(), goal.measure);
    ratios(&side(goal.against), &side(Side::Ours))
}

fn ratio_row(record: &Record, goal: &Goal) -> [String; 7] {
    let time = |side: Side| {
        let values: Vec<f64> =
            record.medians(goal.work.name(), side.name(), goal.measure).into_iter().map(|(_, value)| value).collect();
        spread(&values).map_or_else(not_measured, |it| seconds(&it))
    };
    let measured = spread(&goal_ratios(record, goal));
    [
        goal.title.to_owned(),
        goal.against.title().to_owned(),
        time(goal.against),
        time(Side::Ours),
        measured.map_or_else(not_measured, |it| ratio(&it)),
        format!("{}", goal.at_least),
        measured.map_or_else(not_measured, |it| verdict(it.median, goal.at_least)),
    ]
}

/// Share of the matrix product's peak: floating-point operations of an epoch over its time, over the peak.
fn share_row(record: &Record) -> [String; 7] {
    let ours = |measure| record.medians(Work::Lenet500.name(), Side::Ours.name(), measure);
    let (epochs, flops, peaks) = (ours("epoch"), ours("flops"), ours("peak"));
    let speeds: Vec<f64> = ratios(&flops, &epochs).into_iter().map(|it| it / 1e9).collect();
    let numbered: Vec<(u32, f64)> = epochs.iter().map(|(n, _)| *n).zip(speeds.iter().copied()).collect();
    let shares = ratios(&numbered, &peaks);
    let show = |values: &[f64], digits: usize, unit: &str| {
        spread(values).map_or_else(not_measured, |it| spread_text(&it, digits, unit))
    };
    let peak: Vec<f64> = peaks.iter().map(|(_, value)| *value).collect();
    let percents: Vec<f64> = shares.iter().map(|share| share * 100.0).collect();
    [
        "LeNet epoch, batch 500, f32".to_owned(),
        "the machine's f32 matrix product (2048)".to_owned(),
        show(&peak, 0, " GFLOP/s"),
        show(&speeds, 0, " GFLOP/s"),
        format!("share {}", show(&percents, 0, " %")),
        format!("{:.0} %", PEAK_SHARE * 100.0),
        spread(&shares).map_or_else(not_measured, |it| verdict(it.median, PEAK_SHARE)),
    ]
}

fn target_row(record: &Record, work: Work, target: Target) -> [String; 7] {
    let of = |measure| -> Vec<f64> {
        record.values(work.name(), Side::Ours.name(), measure).into_iter().map(|(_, value)| value).collect()
    };
    let (times, errors) = (of("wall"), of("test-error"));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let measured = !times.is_empty() && times.len() == errors.len();
    let (ours, met) = if measured {
        let (time, error) = (mean(&times), mean(&errors));
        let seeds = format!("mean of {} seeds", times.len());
        let met = match (error <= target.error, time <= target.seconds) {
            (true, true) => "yes".to_owned(),
            (true, false) => format!("no: {:.1} s too long", time - target.seconds),
            (false, _) => format!("no: the error is {:.3} % too high", (error - target.error) * 100.0),
        };
        (format!("{:.3} % in {time:.1} s, {seeds}", error * 100.0), met)
    } else {
        (not_measured(), not_measured())
    };
    [
        format!(
            "MNIST test error at most {:.2} % (`{}`, {} epochs)",
            target.error * 100.0,
            target.recipe,
            target.epochs
        ),
        "the tutorial".to_owned(),
        "380 min (0.92 %)".to_owned(),
        ours,
        String::new(),
        format!("{} s", target.seconds),
        met,
    ]
}

/// Hardware, versions, date and command.
pub fn conditions(record: &Record) -> String {
    let machine = &record.machine;
    let torch = if machine.torch.is_empty() { String::new() } else { format!(", PyTorch {}", machine.torch) };
    format!(
        "\n{}, {} processors, {} threads on every side; {}; libtorch {}{torch}; {}; {}. `{}`\n",
        machine.cpu,
        machine.processors,
        record.threads,
        machine.kernel,
        machine.libtorch,
        machine.rustc,
        record.date.get(..10).unwrap_or(&record.date),
        record.command
    )
}

fn seconds(spread: &Spread) -> String {
    let digits = if spread.median < 0.1 {
        4
    } else if spread.median < 10.0 {
        3
    } else {
        2
    };
    spread_text(spread, digits, " s")
}

fn ratio(spread: &Spread) -> String {
    let Spread { min, lower, median, upper, max } = spread;
    format!("**{median:.2}** ({lower:.2} to {upper:.2}; all {min:.2} to {max:.2})")
}

fn spread_text(spread: &Spread, digits: usize, unit: &str) -> String {
    let Spread { lower, median, upper, .. } = spread;
    format!("{median:.digits$}{unit} ({lower:.digits$} to {upper:.digits$})")
}

fn verdict(value: f64, goal: f64) -> String {
    if value >= goal { "yes".to_owned() } else { format!("no: {:.0} % short", ((1.0 - value / goal) * 100.0).ceil()) }
}

fn not_measured() -> String {
    "not measured".to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    fn line(text: &str, start: &str) -> String {
        text.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned()
    }

    #[test]
    fn goals_are_met_by_the_median_of_the_ratios_and_missed_goals_say_by_how_much() {
        let rows = [
            ("lenet-20", "resident", 1, "epoch", 3.0),
            ("lenet-20", "ours", 1, "epoch", 2.0),
            ("mlp-20", "resident", 1, "epoch", 2.0),
            ("mlp-20", "ours", 1, "epoch", 1.0),
        ];
        let text = goals(&record(&rows));
        // 3 / 2 = 1.5 meets 1.5; 2 / 1 = 2 is 20 % short of 2.5.
        let lenet = line(&text, "| LeNet epoch, batch 20 |");
        assert!(lenet.contains("**1.50**") && lenet.ends_with("| 1.5 | yes |"), "{lenet}");
        let mlp = line(&text, "| MLP epoch");
        assert!(mlp.ends_with("| 2.5 | no: 20 % short |"), "{mlp}");
        assert!(line(&text, "| softmax epoch").ends_with("| not measured |"));
    }

    #[test]
    fn the_share_of_the_peak_is_operations_over_time_over_peak() {
        let side = |measure, value| ("lenet-500", "ours", 1, measure, value);
        let text = goals(&record(&[side("epoch", 4.0), side("flops", 400e9), side("peak", 200.0)]));
        // 400 GFLOP in 4 s are 100 GFLOP/s, half of 200: 0.5 / 0.55 is 9.1 % short.
        let share = text.lines().find(|line| line.contains("matrix product")).unwrap();
        assert!(share.contains("share 50 %") && share.ends_with("| no: 10 % short |"), "{share}");
    }

    #[test]
    fn time_to_an_error_needs_both_the_error_and_the_time() {
        let told = |error: f64, wall: f64| {
            let rows = [("error-0.92", "ours", 1, "test-error", error), ("error-0.92", "ours", 1, "wall", wall)];
            line(&goals(&record(&rows)), "| MNIST test error at most 0.92 %")
        };
        assert!(told(0.0092, 15.0).ends_with("| yes |"));
        assert!(told(0.0090, 17.5).ends_with("| no: 2.5 s too long |"));
        assert!(told(0.0100, 10.0).ends_with("| no: the error is 0.080 % too high |"));
    }
}

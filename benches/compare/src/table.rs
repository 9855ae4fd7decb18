//! From rows to Markdown: the table of goals, and what it was measured with.

use std::fmt::Write;

use crate::goals::{self, Goal, PEAK_SHARE};
use crate::machine::UNKNOWN;
use crate::platform::Platform;
use crate::record::Record;
use crate::stats::{Spread, ratios, spread};
use crate::work::{Side, Target, Work};

/// The table of goals with our figures beside each, and the conditions under it. Other libraries have rows where they
/// took turns, works where anything was measured; the others are named in a line.
pub fn goals(platform: Platform, record: &Record) -> String {
    let mut text = "| work | against | theirs | ours | theirs / ours | goal | met |\n\
                    | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let mut row = |cells: [String; 7]| {
        let _ = writeln!(text, "| {} |", cells.join(" | ")); // writing to a String does not fail
    };
    let mut left_out: Vec<&str> = Vec::new();
    for goal in goals::goals(platform) {
        if !record.rows.iter().any(|row| row.work == goal.work.name()) {
            left_out.push(goal.title);
        } else if goal.against.peer().is_none() || !goal.ratios(record).is_empty() {
            row(ratio_row(record, &goal));
        }
    }
    if platform == Platform::Cpu {
        row(share_row(record));
    }
    for &work in platform.works() {
        if let Some(target) = platform.target(work) {
            row(target_row(platform, record, work, target));
        }
    }
    left_out.dedup();
    if !left_out.is_empty() {
        let _ = writeln!(text, "\nNot measured: {}.", left_out.join("; ")); // as above
    }
    text.push_str(&conditions(record));
    text
}

fn ratio_row(record: &Record, goal: &Goal) -> [String; 7] {
    let time = |side: Side| {
        let values: Vec<f64> = goal.times(record, side).into_iter().map(|(_, value)| value).collect();
        spread(&values).map_or_else(not_measured, |it| seconds(&it))
    };
    let measured = spread(&goal.ratios(record));
    let against = match goals::scale(record, goal.work, goal.against) {
        Some(scale) => format!("{}, one {scale}th of the pictures, times {scale}", goal.against.title()),
        None => goal.against.title().to_owned(),
    };
    [
        goal.title.to_owned(),
        against,
        time(goal.against),
        time(Side::Ours),
        measured.map_or_else(not_measured, |it| ratio(&it)),
        goal.at_least.map_or_else(|| "none".to_owned(), |least| least.to_string()),
        match (measured, goal.at_least) {
            (Some(it), Some(least)) => verdict(it.median, least),
            (Some(_), None) => String::new(),
            (None, _) => not_measured(),
        },
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

fn target_row(platform: Platform, record: &Record, work: Work, target: Target) -> [String; 7] {
    let of = |measure| -> Vec<f64> {
        record.values(work.name(), Side::Ours.name(), measure).into_iter().map(|(_, value)| value).collect()
    };
    let (times, errors) = (of(target.clock.measure()), of("test-error"));
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
    let (theirs, covered) = match platform {
        Platform::Cpu => ("380 min (0.92 %)", ""),
        Platform::Cuda => ("32.5 min on a GTX 480 (0.92 %)", ", training alone"),
    };
    [
        format!(
            "MNIST test error at most {:.2} % (`{}`, {} epochs){covered}",
            target.error * 100.0,
            target.recipe,
            target.epochs
        ),
        "the tutorial".to_owned(),
        theirs.to_owned(),
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
    let compiler = if machine.rustc == UNKNOWN { "rustc unknown" } else { &machine.rustc };
    let peers: String = machine.peers.iter().map(|peer| format!(", {peer}")).collect();
    let gpu = machine
        .gpu
        .as_ref()
        .map_or_else(String::new, |gpu| format!("{}, driver {}, CUDA {}; ", gpu.name, gpu.driver, gpu.cuda));
    format!(
        "\n{gpu}{}, {} processors, {} threads on every side; {}; libtorch {}{torch}{peers}; {}; {}. `{}`\n",
        machine.cpu,
        machine.processors,
        record.threads,
        machine.kernel,
        machine.libtorch,
        compiler,
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
    use super::*;
    use crate::machine::Gpu;
    use crate::record::tests::record;

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
        let text = goals(Platform::Cpu, &record(&rows));
        // 3 / 2 = 1.5 meets 1.5; 2 / 1 = 2 is 20 % short of 2.5.
        let lenet = line(&text, "| LeNet epoch, batch 20 |");
        assert!(lenet.contains("**1.50**") && lenet.ends_with("| 1.5 | yes |"), "{lenet}");
        let mlp = line(&text, "| MLP epoch");
        assert!(mlp.ends_with("| 2.5 | no: 20 % short |"), "{mlp}");
        assert_eq!(line(&text, "| softmax epoch"), "");
        assert!(line(&text, "Not measured: ").contains("softmax epoch, batch 600"), "{text}");
    }

    #[test]
    fn the_share_of_the_peak_is_operations_over_time_over_peak() {
        let side = |measure, value| ("lenet-500", "ours", 1, measure, value);
        let text = goals(Platform::Cpu, &record(&[side("epoch", 4.0), side("flops", 400e9), side("peak", 200.0)]));
        // 400 GFLOP in 4 s are 100 GFLOP/s, half of 200: 0.5 / 0.55 is 9.1 % short.
        let share = text.lines().find(|line| line.contains("matrix product")).unwrap();
        assert!(share.contains("share 50 %") && share.ends_with("| no: 10 % short |"), "{share}");
    }

    #[test]
    fn time_to_an_error_needs_both_the_error_and_the_time() {
        let told = |error: f64, wall: f64| {
            let rows = [("error-0.92", "ours", 1, "test-error", error), ("error-0.92", "ours", 1, "wall", wall)];
            line(&goals(Platform::Cpu, &record(&rows)), "| MNIST test error at most 0.92 %")
        };
        assert!(told(0.0092, 15.0).ends_with("| yes |"));
        assert!(told(0.0090, 17.5).ends_with("| no: 2.5 s too long |"));
        assert!(told(0.0100, 10.0).ends_with("| no: the error is 0.080 % too high |"));
    }

    #[test]
    fn other_libraries_have_rows_without_a_goal_where_they_took_turns() {
        let rows = [
            ("lenet-500", "ours", 1, "epoch", 4.0),
            ("lenet-500", "burn", 1, "epoch", 8.0),
            ("lenet-500", "burn", 1, "scale", 5.0),
        ];
        let mut record = record(&rows);
        record.machine.peers = vec!["burn 0.22.1 (flex)".into()];
        let text = goals(Platform::Cpu, &record);
        let burn = text.lines().find(|line| line.contains("| burn")).unwrap();
        // A fifth of the pictures in 8 s are 40 s for all of them: ten times ours.
        assert!(
            burn.contains("times 5 | 40.00 s") && burn.contains("**10.00**") && burn.ends_with("| none |  |"),
            "{burn}"
        );
        assert!(!text.contains("candle"), "{text}");
        assert!(text.contains("PyTorch 2.11.0, burn 0.22.1 (flex); "), "{text}");
    }

    #[test]
    fn the_table_of_cuda_names_the_gpu_and_counts_training_alone() {
        let rows = [
            ("lenet-500-tf32", "compile", 1, "epoch", 0.03),
            ("lenet-500-tf32", "ours", 1, "epoch", 0.015),
            ("error-0.92", "ours", 1, "wall", 9.0),
            ("error-0.92", "ours", 1, "training", 1.5),
            ("error-0.92", "ours", 1, "test-error", 0.008),
        ];
        let mut record = record(&rows);
        record.machine.gpu = Some(Gpu { name: "NVIDIA H100".into(), driver: "580.1".into(), cuda: "13.0".into() });
        let text = goals(Platform::Cuda, &record);
        let compile = text.lines().find(|line| line.contains("TF32 on both sides | PyTorch, resident, torch.compile"));
        assert!(compile.unwrap().ends_with("| 1.5 | yes |"), "{text}");
        let target = line(&text, "| MNIST test error at most 0.92 %");
        assert!(target.contains("0.800 % in 1.5 s") && target.ends_with("| 2 s | yes |"), "{target}");
        assert!(
            text.contains("NVIDIA H100, driver 580.1, CUDA 13.0; AMD EPYC") && !text.contains("matrix product"),
            "{text}"
        );
    }
}

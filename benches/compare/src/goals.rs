//! What is aimed at, on each platform: the other side's time over ours.

use crate::platform::Platform;
use crate::record::Record;
use crate::stats::ratios;
use crate::work::{Side, Work};

/// A row of the table that compares two times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// The work.
    pub work: Work,
    /// Which of its measures.
    pub measure: &'static str,
    /// What it is called in the table.
    pub title: &'static str,
    /// The other side.
    pub against: Side,
    /// At least this much faster; `None` where nothing is aimed at and the figure is there for itself.
    pub at_least: Option<f64>,
}

/// LeNet's goal on the CPU: share of the measured peak of the f32 matrix product.
pub const PEAK_SHARE: f64 = 0.55;

const CPU: &[Goal] = &[
    goal(Work::Lenet500, "epoch", LENET, Side::Loader, 2.0),
    goal(Work::Lenet500, "epoch", LENET, Side::LoaderWorkers, 2.0),
    goal(Work::Lenet500, "epoch", LENET, Side::Resident, 1.6),
    goal(Work::Lenet500, "epoch", LENET, Side::Compile, 1.5),
    peer(Work::Lenet500, LENET, Side::Burn),
    peer(Work::Lenet500, LENET, Side::Candle),
    goal(Work::Lenet500Bf16, "epoch", "LeNet epoch, batch 500, bf16 allowed", Side::Resident, 2.0),
    goal(Work::Lenet500Bf16, "epoch", "LeNet epoch, batch 500, bf16 allowed", Side::Bf16, 1.5),
    goal(Work::Lenet500, "validation", "LeNet validation pass", Side::Resident, 2.0),
    goal(Work::Lenet20, "epoch", "LeNet epoch, batch 20", Side::Resident, 1.5),
    goal(Work::Mlp20, "epoch", MLP, Side::Resident, 2.5),
    peer(Work::Mlp20, MLP, Side::Burn),
    peer(Work::Mlp20, MLP, Side::Candle),
    goal(Work::Softmax600, "epoch", SOFTMAX, Side::Loader, 20.0),
    goal(Work::Softmax600, "epoch", SOFTMAX, Side::Resident, 1.5),
    peer(Work::Softmax600, SOFTMAX, Side::Burn),
    peer(Work::Softmax600, SOFTMAX, Side::Candle),
    goal(Work::Start, "start", "process start to first minibatch", Side::Import, 2.0),
];

const LENET: &str = "LeNet epoch, batch 500, f32";
const MLP: &str = "MLP epoch, L1 and L2, batch 20";
const SOFTMAX: &str = "softmax epoch, batch 600";

/// The works of CUDA, each against the same three sides.
const CUDA: [(Work, &str, [Option<f64>; 3]); 6] = [
    (Work::Lenet500, "LeNet epoch, batch 500, f32 (TF32 off)", LENET_ON_CUDA),
    (Work::Lenet500Tf32, "LeNet epoch, batch 500, TF32 on both sides", LENET_ON_CUDA),
    (Work::Lenet500Bf16, "LeNet epoch, batch 500, bf16 autocast on both sides", LENET_ON_CUDA),
    (Work::Lenet20, "LeNet epoch, batch 20, f32 (TF32 off)", LENET_ON_CUDA),
    (Work::Mlp20, "MLP epoch, L1 and L2, batch 20, f32 (TF32 off)", [None; 3]),
    (Work::Softmax600, "softmax epoch, batch 600, f32 (TF32 off)", [None; 3]),
];
const LENET_ON_CUDA: [Option<f64>; 3] = [Some(20.0), Some(5.0), Some(1.5)];

/// Every ratio aimed at, in the order of the table.
pub fn goals(platform: Platform) -> Vec<Goal> {
    let cuda = |(work, title, least): (Work, &'static str, [Option<f64>; 3])| {
        let sides = [Side::Loader, Side::Resident, Side::Compile];
        let measure = "epoch";
        sides.into_iter().zip(least).map(move |(against, at_least)| Goal { work, measure, title, against, at_least })
    };
    match platform {
        Platform::Cpu => CPU.to_vec(),
        Platform::Cuda => CUDA.into_iter().flat_map(cuda).collect(),
    }
}

impl Goal {
    /// The times of `side`, a median per repetition. A side that trains on fewer pictures than ours (a `scale` row tells)
    /// counts as if it continued at that pace.
    pub fn times(&self, record: &Record, side: Side) -> Vec<(u32, f64)> {
        let scale = if self.measure == "epoch" { scale(record, self.work, side).unwrap_or(1.0) } else { 1.0 };
        let times = record.medians(self.work.name(), side.name(), self.measure);
        times.into_iter().map(|(repetition, time)| (repetition, time * scale)).collect()
    }

    /// Their time over ours, repetition by repetition; empty where a side was not measured.
    pub fn ratios(&self, record: &Record) -> Vec<f64> {
        ratios(&self.times(record, self.against), &self.times(record, Side::Ours))
    }
}

/// Our training pictures over those of `side`, where it trains on fewer.
pub fn scale(record: &Record, work: Work, side: Side) -> Option<f64> {
    record.values(work.name(), side.name(), "scale").first().map(|(_, value)| *value)
}

const fn goal(work: Work, measure: &'static str, title: &'static str, against: Side, at_least: f64) -> Goal {
    Goal { work, measure, title, against, at_least: Some(at_least) }
}

const fn peer(work: Work, title: &'static str, against: Side) -> Goal {
    Goal { work, measure: "epoch", title, against, at_least: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn every_goal_is_against_a_side_that_takes_its_turn() {
        for platform in [Platform::Cpu, Platform::Cuda] {
            for goal in goals(platform) {
                assert!(platform.works().contains(&goal.work), "{goal:?}");
                assert!(platform.sides(goal.work, true).contains(&goal.against), "{goal:?}");
            }
        }
    }

    #[test]
    fn every_side_that_takes_a_turn_has_a_row() {
        for platform in [Platform::Cpu, Platform::Cuda] {
            for &work in platform.works() {
                for side in platform.sides(work, true).into_iter().filter(|side| *side != Side::Ours) {
                    assert!(goals(platform).iter().any(|goal| goal.work == work && goal.against == side), "{side:?}");
                }
            }
        }
    }

    #[test]
    fn on_cuda_lenet_is_to_be_20_and_5_and_one_and_a_half_times_as_fast() {
        for work in [Work::Lenet500, Work::Lenet500Tf32, Work::Lenet500Bf16, Work::Lenet20] {
            let rows = goals(Platform::Cuda).into_iter().filter(|goal| goal.work == work);
            let rows: Vec<_> = rows.map(|goal| (goal.against, goal.at_least)).collect();
            let expected = [(Side::Loader, Some(20.0)), (Side::Resident, Some(5.0)), (Side::Compile, Some(1.5))];
            assert_eq!(rows, expected, "{work:?}");
        }
    }

    #[test]
    fn a_side_with_a_fifth_of_the_pictures_counts_five_times() {
        let rows = [
            ("lenet-500", "candle", 1, "epoch", 12.0),
            ("lenet-500", "candle", 1, "scale", 5.0),
            ("lenet-500", "ours", 1, "epoch", 4.0),
        ];
        let goal = peer(Work::Lenet500, LENET, Side::Candle);
        assert_eq!(goal.times(&record(&rows), Side::Candle), [(1, 60.0)]);
        assert_eq!(goal.ratios(&record(&rows)), [15.0]);
    }
}

//! What is trained, by whom, and what is aimed at. Closed lists: a name in a row of results is one of these.

use clap::ValueEnum;

/// Something that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// LeNet in minibatches of 500, f32; its validation pass and its share of the matrix product's peak too
    #[value(name = "lenet-500")]
    Lenet500,
    /// The same, bf16 allowed
    #[value(name = "lenet-500-bf16")]
    Lenet500Bf16,
    /// LeNet in minibatches of 20
    #[value(name = "lenet-20")]
    Lenet20,
    /// The multilayer perceptron with L1 and L2 penalties, in minibatches of 20
    #[value(name = "mlp-20")]
    Mlp20,
    /// Softmax regression in minibatches of 600
    #[value(name = "softmax-600")]
    Softmax600,
    /// From the start of the process to the first minibatch trained (softmax), against `import torch` alone
    Start,
    /// Wall time to a test error of 0.92 %
    #[value(name = "error-0.92")]
    Error092,
    /// Wall time to a test error of 0.60 %
    #[value(name = "error-0.60")]
    Error060,
}

/// A network with the settings of its training, the same for every side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// `softmax`, `mlp` or `lenet`.
    pub model: &'static str,
    /// Pictures per minibatch, in training and validation.
    pub batch: u32,
    /// Learning rate of plain SGD.
    pub learning_rate: f64,
    /// Factor of the L1 penalty.
    pub l1: f64,
    /// Factor of the L2 penalty.
    pub l2: f64,
}

/// A run of `train` that has to reach a test error within a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Highest test error, a fraction.
    pub error: f64,
    /// Longest wall time, seconds.
    pub seconds: f64,
    /// The recipe.
    pub recipe: &'static str,
    /// Its epochs, chosen on the validation set.
    pub epochs: u32,
}

/// Seeds of the runs to an error; none of them was used when epochs were chosen.
pub const SEEDS: [u64; 5] = [21, 22, 23, 24, 25];

impl Work {
    /// All of them, in the order of the table.
    pub const ALL: &[Work] = &[
        Work::Lenet500,
        Work::Lenet500Bf16,
        Work::Lenet20,
        Work::Mlp20,
        Work::Softmax600,
        Work::Start,
        Work::Error092,
        Work::Error060,
    ];

    /// Its name on the command line and in rows.
    pub fn name(self) -> &'static str {
        match self {
            Work::Lenet500 => "lenet-500",
            Work::Lenet500Bf16 => "lenet-500-bf16",
            Work::Lenet20 => "lenet-20",
            Work::Mlp20 => "mlp-20",
            Work::Softmax600 => "softmax-600",
            Work::Start => "start",
            Work::Error092 => "error-0.92",
            Work::Error060 => "error-0.60",
        }
    }

    /// What is trained; the runs to an error have a recipe of their own ([`Work::target`]) and are `None`.
    pub fn training(self) -> Option<Training> {
        let training = |model, batch, learning_rate| Training { model, batch, learning_rate, l1: 0.0, l2: 0.0 };
        Some(match self {
            Work::Lenet500 | Work::Lenet500Bf16 => training("lenet", 500, 0.1),
            Work::Lenet20 => training("lenet", 20, 0.01),
            Work::Mlp20 => Training { l1: 1e-5, l2: 1e-4, ..training("mlp", 20, 0.01) },
            Work::Softmax600 | Work::Start => training("softmax", 600, 0.13),
            Work::Error092 | Work::Error060 => return None,
        })
    }

    /// The run to an error that this is, if it is one.
    pub fn target(self) -> Option<Target> {
        match self {
            Work::Error092 => Some(Target { error: 0.0092, seconds: 15.0, recipe: "lenet", epochs: 2 }),
            Work::Error060 => Some(Target { error: 0.0060, seconds: 60.0, recipe: "lenet", epochs: 8 }),
            _ => None,
        }
    }

    /// The sides that take turns; ours is first.
    pub fn sides(self) -> &'static [Side] {
        use Side::{Bf16, Compile, Import, Loader, LoaderWorkers, Ours, Resident};
        match self {
            Work::Lenet500 => &[Ours, Loader, LoaderWorkers, Resident, Compile],
            Work::Lenet500Bf16 => &[Ours, Resident, Bf16],
            Work::Lenet20 | Work::Mlp20 => &[Ours, Resident],
            Work::Softmax600 => &[Ours, Loader, Resident],
            Work::Start => &[Ours, Import],
            Work::Error092 | Work::Error060 => &[Ours],
        }
    }
}

/// Who does the work, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Minibatch, through `train::fit`.
    Ours,
    /// PyTorch, Dataset and DataLoader, loading in the process itself.
    Loader,
    /// The same with two workers.
    LoaderWorkers,
    /// PyTorch, resident tensors, fused SGD.
    Resident,
    /// The same with `torch.compile`.
    Compile,
    /// The same as resident under bf16 autocast.
    Bf16,
    /// `import torch` and nothing else.
    Import,
}

impl Side {
    /// All of them.
    pub const ALL: &[Side] =
        &[Side::Ours, Side::Loader, Side::LoaderWorkers, Side::Resident, Side::Compile, Side::Bf16, Side::Import];

    /// Its name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Side::Ours => "ours",
            Side::Loader => "loader",
            Side::LoaderWorkers => "loader-2-workers",
            Side::Resident => "resident",
            Side::Compile => "compile",
            Side::Bf16 => "bf16",
            Side::Import => "import",
        }
    }

    /// Its name in tables.
    pub fn title(self) -> &'static str {
        match self {
            Side::Ours => "Minibatch",
            Side::Loader => "PyTorch, DataLoader",
            Side::LoaderWorkers => "PyTorch, DataLoader, 2 workers",
            Side::Resident => "PyTorch, resident tensors, fused SGD",
            Side::Compile => "PyTorch, resident, torch.compile",
            Side::Bf16 => "PyTorch, resident, bf16 autocast",
            Side::Import => "`import torch` alone",
        }
    }

    /// The side of that name.
    pub fn named(name: &str) -> Option<Side> {
        Side::ALL.iter().copied().find(|side| side.name() == name)
    }
}

/// A ratio aimed at: the other side's time over ours.
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
    /// At least this much faster.
    pub at_least: f64,
}

/// LeNet's goal: share of the measured peak of the f32 matrix product.
pub const PEAK_SHARE: f64 = 0.55;

/// Every ratio aimed at, in the order of the table.
pub const GOALS: &[Goal] = &[
    goal(Work::Lenet500, "epoch", "LeNet epoch, batch 500, f32", Side::Loader, 2.0),
    goal(Work::Lenet500, "epoch", "LeNet epoch, batch 500, f32", Side::LoaderWorkers, 2.0),
    goal(Work::Lenet500, "epoch", "LeNet epoch, batch 500, f32", Side::Resident, 1.6),
    goal(Work::Lenet500, "epoch", "LeNet epoch, batch 500, f32", Side::Compile, 1.5),
    goal(Work::Lenet500Bf16, "epoch", "LeNet epoch, batch 500, bf16 allowed", Side::Resident, 2.0),
    goal(Work::Lenet500Bf16, "epoch", "LeNet epoch, batch 500, bf16 allowed", Side::Bf16, 1.5),
    goal(Work::Lenet500, "validation", "LeNet validation pass", Side::Resident, 2.0),
    goal(Work::Lenet20, "epoch", "LeNet epoch, batch 20", Side::Resident, 1.5),
    goal(Work::Mlp20, "epoch", "MLP epoch, L1 and L2, batch 20", Side::Resident, 2.5),
    goal(Work::Softmax600, "epoch", "softmax epoch, batch 600", Side::Loader, 20.0),
    goal(Work::Softmax600, "epoch", "softmax epoch, batch 600", Side::Resident, 1.5),
    goal(Work::Start, "start", "process start to first minibatch", Side::Import, 2.0),
];

const fn goal(work: Work, measure: &'static str, title: &'static str, against: Side, at_least: f64) -> Goal {
    Goal { work, measure, title, against, at_least }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goal_is_against_a_side_that_takes_its_turn() {
        for goal in GOALS {
            assert!(goal.work.sides().contains(&goal.against), "{goal:?}");
        }
    }

    #[test]
    fn names_on_the_command_line_are_those_in_the_rows() {
        for &work in Work::ALL {
            assert_eq!(Work::from_str(work.name(), false).as_ref(), Ok(&work));
        }
        assert_eq!(Work::value_variants(), Work::ALL);
        for &side in Side::ALL {
            assert_eq!(Side::named(side.name()), Some(side));
        }
    }
}

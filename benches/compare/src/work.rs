//! What is trained and by whom. Closed lists: a name in a row of results is one of these.

use crate::peers::Peer;

/// How much is done in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Training pictures, at most 50,000.
    pub pictures: u64,
    /// Epochs, the first of which warms up and is not counted.
    pub epochs: u64,
}

/// How products of f32 are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// In f32; TF32 is off.
    F32,
    /// On CUDA with factors rounded to TF32 (10 bits after the point), in products and convolutions alike.
    Tf32,
    /// Under bf16 autocast.
    Bf16,
}

/// Something that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// LeNet in minibatches of 500, f32; its validation pass and its share of the matrix product's peak too
    Lenet500,
    /// The same, bf16 allowed
    Lenet500Bf16,
    /// The same, TF32 on; CUDA only
    Lenet500Tf32,
    /// LeNet in minibatches of 20
    Lenet20,
    /// The multilayer perceptron with L1 and L2 penalties, in minibatches of 20
    Mlp20,
    /// Softmax regression in minibatches of 600
    Softmax600,
    /// From the start of the process to the first minibatch trained (softmax), against `import torch` alone; CPU only
    Start,
    /// Time to a test error of 0.92 %
    Error092,
    /// Time to a test error of 0.60 %; CPU only
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
    /// Longest time, seconds.
    pub seconds: f64,
    /// Which time that is.
    pub clock: Clock,
    /// The recipe.
    pub recipe: &'static str,
    /// Its epochs, chosen on the validation set.
    pub epochs: u32,
}

/// What the time to an error covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// From start to exit of the process.
    Wall,
    /// Training with its validations alone, as `summary.json` tells it.
    Training,
}

impl Clock {
    /// The measure in the rows.
    pub fn measure(self) -> &'static str {
        match self {
            Clock::Wall => "wall",
            Clock::Training => "training",
        }
    }
}

/// Seeds of the runs to an error; none of them was used when epochs were chosen.
pub const SEEDS: [u64; 5] = [21, 22, 23, 24, 25];

impl Work {
    /// All of them.
    pub const ALL: &[Work] = &[
        Work::Lenet500,
        Work::Lenet500Bf16,
        Work::Lenet500Tf32,
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
            Work::Lenet500Tf32 => "lenet-500-tf32",
            Work::Lenet20 => "lenet-20",
            Work::Mlp20 => "mlp-20",
            Work::Softmax600 => "softmax-600",
            Work::Start => "start",
            Work::Error092 => "error-0.92",
            Work::Error060 => "error-0.60",
        }
    }

    /// What it is, in a line for people.
    pub fn about(self) -> &'static str {
        match self {
            Work::Lenet500 => {
                "LeNet in minibatches of 500, f32; its validation pass and its share of the matrix product's peak too"
            }
            Work::Lenet500Bf16 => "The same, bf16 allowed",
            Work::Lenet500Tf32 => "The same, TF32 on; CUDA only",
            Work::Lenet20 => "LeNet in minibatches of 20",
            Work::Mlp20 => "The multilayer perceptron with L1 and L2 penalties, in minibatches of 20",
            Work::Softmax600 => "Softmax regression in minibatches of 600",
            Work::Start => {
                "From the start of the process to the first minibatch trained (softmax), against `import torch` alone; CPU only"
            }
            Work::Error092 => "Time to a test error of 0.92 %",
            Work::Error060 => "Time to a test error of 0.60 %; CPU only",
        }
    }

    /// The work of that name.
    pub fn named(name: &str) -> Option<Work> {
        Work::ALL.iter().copied().find(|work| work.name() == name)
    }

    /// What is trained; the runs to an error have a recipe of their own
    /// ([`Platform::target`](crate::platform::Platform::target)) and are `None`.
    pub fn training(self) -> Option<Training> {
        let training = |model, batch, learning_rate| Training { model, batch, learning_rate, l1: 0.0, l2: 0.0 };
        Some(match self {
            Work::Lenet500 | Work::Lenet500Bf16 | Work::Lenet500Tf32 => training("lenet", 500, 0.1),
            Work::Lenet20 => training("lenet", 20, 0.01),
            Work::Mlp20 => Training { l1: 1e-5, l2: 1e-4, ..training("mlp", 20, 0.01) },
            Work::Softmax600 | Work::Start => training("softmax", 600, 0.13),
            Work::Error092 | Work::Error060 => return None,
        })
    }

    /// How much other libraries do in a turn: two epochs, and where these take them minutes, a fifth of the pictures.
    pub fn for_peers(self, ours: Amount) -> Amount {
        let part = if matches!(self, Work::Lenet500 | Work::Mlp20) { 5 } else { 1 };
        // A small amount stays what it is.
        let pictures = if ours.pictures < 50_000 { ours.pictures } else { ours.pictures / part };
        Amount { pictures, epochs: ours.epochs.min(2) }
    }

    /// The precision that the work is named for; `f32` where it names none.
    pub fn precision(self) -> Precision {
        match self {
            Work::Lenet500Bf16 => Precision::Bf16,
            Work::Lenet500Tf32 => Precision::Tf32,
            _ => Precision::F32,
        }
    }
}

impl Precision {
    /// Its name as an option of PyTorch's side.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Tf32 => "tf32",
            Precision::Bf16 => "bf16",
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
    /// burn with its backend flex.
    Burn,
    /// candle without MKL.
    Candle,
}

impl Side {
    /// All of them.
    pub const ALL: &[Side] = &[
        Side::Ours,
        Side::Loader,
        Side::LoaderWorkers,
        Side::Resident,
        Side::Compile,
        Side::Bf16,
        Side::Import,
        Side::Burn,
        Side::Candle,
    ];

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
            Side::Burn => "burn",
            Side::Candle => "candle",
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
            Side::Burn => Peer::Burn.title(),
            Side::Candle => Peer::Candle.title(),
        }
    }

    /// The other library that this is, if it is one.
    pub fn peer(self) -> Option<Peer> {
        match self {
            Side::Burn => Some(Peer::Burn),
            Side::Candle => Some(Peer::Candle),
            _ => None,
        }
    }

    /// The side of that name.
    pub fn named(name: &str) -> Option<Side> {
        Side::ALL.iter().copied().find(|side| side.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_libraries_train_what_takes_them_minutes_on_a_fifth_of_the_pictures() {
        let full = Amount { pictures: 50_000, epochs: 3 };
        assert_eq!(Work::Lenet500.for_peers(full), Amount { pictures: 10_000, epochs: 2 });
        assert_eq!(Work::Softmax600.for_peers(full), Amount { pictures: 50_000, epochs: 2 });
        let quick = Amount { pictures: 2000, epochs: 2 };
        assert_eq!(Work::Lenet500.for_peers(quick), quick);
    }

    #[test]
    fn names_on_the_command_line_are_those_in_the_rows() {
        for &work in Work::ALL {
            assert_eq!(Work::named(work.name()), Some(work));
        }
        for &side in Side::ALL {
            assert_eq!(Side::named(side.name()), Some(side));
        }
    }
}

//! Where the sides compute: on the processor or on a GPU. What is timed there, and who takes turns.

use anyhow::{Result, bail};

use crate::device::Device;
use crate::work::{Clock, Precision, Side, Target, Work};

/// Where all sides compute. Each has works, sides and goals of its own, a file of rows and a part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// The processor.
    Cpu,
    /// A GPU.
    Cuda,
}

impl Platform {
    /// That of a device.
    pub fn of(device: Device) -> Platform {
        match device {
            Device::Cpu => Platform::Cpu,
            Device::Cuda(_) => Platform::Cuda,
        }
    }

    /// The kind of its records, the name of its part of the page, and of its chart.
    pub fn kind(self) -> &'static str {
        match self {
            Platform::Cpu => "versus",
            Platform::Cuda => "versus-cuda",
        }
    }

    /// What is timed there, in the order of the table.
    pub fn works(self) -> &'static [Work] {
        use Work::{Error060, Error092, Lenet20, Lenet500, Lenet500Bf16, Lenet500Tf32, Mlp20, Softmax600, Start};
        match self {
            Platform::Cpu => &[Lenet500, Lenet500Bf16, Lenet20, Mlp20, Softmax600, Start, Error092, Error060],
            Platform::Cuda => &[Lenet500, Lenet500Tf32, Lenet500Bf16, Lenet20, Mlp20, Softmax600, Error092],
        }
    }

    /// The works that were asked for; all where none was.
    ///
    /// # Errors
    /// If one of them is not timed there.
    pub fn chosen(self, asked: &[Work]) -> Result<Vec<Work>> {
        let known = self.works();
        if let Some(other) = asked.iter().find(|work| !known.contains(work)) {
            let names: Vec<&str> = known.iter().map(|work| work.name()).collect();
            bail!("--work {} is not timed on this device; there are {}", other.name(), names.join(", "));
        }
        Ok(if asked.is_empty() { known.to_vec() } else { asked.to_vec() })
    }

    /// The run to an error that `work` is there, if it is one.
    pub fn target(self, work: Work) -> Option<Target> {
        let (wall, training) = (Clock::Wall, Clock::Training);
        let target = |error, seconds, clock, epochs| Some(Target { error, seconds, clock, recipe: "lenet", epochs });
        match (self, work) {
            (Platform::Cpu, Work::Error092) => target(0.0092, 15.0, wall, 2),
            (Platform::Cpu, Work::Error060) => target(0.0060, 60.0, wall, 8),
            (Platform::Cuda, Work::Error092) => target(0.0092, 2.0, training, 2),
            _ => None,
        }
    }

    /// The sides that take turns at `work`; ours is first. `peers`: other libraries too, where they can.
    pub fn sides(self, work: Work, peers: bool) -> Vec<Side> {
        use Side::{Bf16, Burn, Candle, Compile, Import, Loader, LoaderWorkers, Ours, Resident};
        let sides: &[Side] = match (self, work) {
            (Platform::Cpu, Work::Lenet500) => &[Ours, Loader, LoaderWorkers, Resident, Compile, Burn, Candle],
            (Platform::Cpu, Work::Lenet500Bf16) => &[Ours, Resident, Bf16],
            (Platform::Cpu, Work::Lenet20) => &[Ours, Resident],
            (Platform::Cpu, Work::Mlp20) => &[Ours, Resident, Burn, Candle],
            (Platform::Cpu, Work::Softmax600) => &[Ours, Loader, Resident, Burn, Candle],
            (Platform::Cpu, Work::Start) => &[Ours, Import],
            (Platform::Cpu, Work::Lenet500Tf32) | (Platform::Cuda, Work::Start | Work::Error060) => &[],
            (_, Work::Error092) | (Platform::Cpu, Work::Error060) => &[Ours],
            (Platform::Cuda, _) => &[Ours, Loader, Resident, Compile],
        };
        sides.iter().copied().filter(|side| peers || side.peer().is_none()).collect()
    }

    /// The precision of another side at `work`. On CUDA both sides compute alike; on the CPU a side of its own does it in
    /// bf16, and the others stay what they are elsewhere.
    pub fn precision(self, work: Work, side: Side) -> Precision {
        match (self, side) {
            (Platform::Cuda, _) => work.precision(),
            (Platform::Cpu, Side::Bf16) => Precision::Bf16,
            (Platform::Cpu, _) => Precision::F32,
        }
    }

    /// The mode of `torch.compile`: captured graphs on a GPU.
    pub fn compile_mode(self) -> &'static str {
        match self {
            Platform::Cpu => "default",
            Platform::Cuda => "reduce-overhead",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::Peer;

    #[test]
    fn each_platform_has_sides_for_its_works_and_none_for_others() {
        for platform in [Platform::Cpu, Platform::Cuda] {
            for &work in Work::ALL {
                let sides = platform.sides(work, true);
                assert_eq!(
                    sides.first() == Some(&Side::Ours),
                    platform.works().contains(&work),
                    "{platform:?} {work:?}"
                );
            }
        }
    }

    #[test]
    fn peers_take_turns_only_when_they_are_asked_for() {
        let peers = |asked| {
            let sides = Platform::Cpu.sides(Work::Lenet500, asked).into_iter();
            sides.filter_map(Side::peer).collect::<Vec<_>>()
        };
        assert_eq!(peers(false), []);
        assert_eq!(peers(true), [Peer::Burn, Peer::Candle]);
    }

    #[test]
    fn on_cuda_both_sides_compute_in_the_precision_that_the_work_names() {
        assert_eq!(Platform::Cuda.precision(Work::Lenet500Tf32, Side::Compile), Precision::Tf32);
        assert_eq!(Platform::Cuda.precision(Work::Lenet500Bf16, Side::Resident), Precision::Bf16);
        // On the CPU the row "bf16 allowed" is against f32 as well.
        assert_eq!(Platform::Cpu.precision(Work::Lenet500Bf16, Side::Resident), Precision::F32);
        assert_eq!(Platform::Cpu.precision(Work::Lenet500Bf16, Side::Bf16), Precision::Bf16);
    }

    #[test]
    fn works_of_the_other_platform_are_refused_and_those_of_this_one_named() {
        assert_eq!(Platform::Cpu.chosen(&[]).unwrap(), Platform::Cpu.works());
        assert_eq!(Platform::Cuda.chosen(&[Work::Lenet500Tf32]).unwrap(), [Work::Lenet500Tf32]);
        let message = Platform::Cuda.chosen(&[Work::Lenet500, Work::Start]).unwrap_err().to_string();
        assert!(message.starts_with("--work start is not timed") && message.contains("lenet-500-tf32"), "{message}");
    }
}

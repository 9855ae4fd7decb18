//! Instruction sets: the kernels were compiled once for each, and the best is chosen when the program runs.

use std::ffi::c_int;
use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::{Error, shim};

/// Instruction sets that the kernels were compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// What every processor has; 4 pictures to a vector.
    Plain,
    /// x86-64 with AVX2 and fused multiply-add; 8 pictures.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, VL, DQ); 16 pictures.
    Avx512,
}

/// The number of the highest set that [`Isa::best`] may give.
static LIMIT: AtomicI32 = AtomicI32::new(c_int::MAX);

impl Isa {
    /// The instruction sets that this processor has, best first.
    pub fn available() -> Vec<Isa> {
        [Isa::Avx512, Isa::Avx2, Isa::Plain].into_iter().filter(|isa| isa.is_available()).collect()
    }

    /// The best that this processor has, up to the [limit](Isa::limit).
    pub fn best() -> Isa {
        let limit = LIMIT.load(Ordering::Relaxed);
        Isa::available().into_iter().find(|isa| isa.number() <= limit).unwrap_or(Isa::Plain)
    }

    /// From here on [`best`](Isa::best) gives nothing above this set, in the whole process: a program then computes as on
    /// a processor that has no more. A set that this processor lacks limits nothing.
    pub fn limit(self) {
        LIMIT.store(self.number(), Ordering::Relaxed);
    }

    /// Takes up what `ATEN_CPU_CAPABILITY` holds (`default`, `avx2` or `avx512`), the variable that limits libtorch's own
    /// kernels: one setting then makes the whole program compute as on an older processor. libtorch warns of other words.
    pub fn limit_as(capability: &str) {
        match capability {
            "default" => Isa::Plain.limit(),
            "avx2" => Isa::Avx2.limit(),
            _ => {}
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_available(self) -> bool {
        match self {
            Isa::Plain => true,
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Isa::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("fma")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_available(self) -> bool {
        self == Isa::Plain
    }

    /// Numbers in a vector, and so pictures in a packed block.
    pub fn lanes(self) -> i64 {
        shim::lanes(self.number())
    }

    /// Its number on the C++ side.
    fn number(self) -> c_int {
        match self {
            Isa::Plain => 0,
            Isa::Avx2 => 1,
            Isa::Avx512 => 2,
        }
    }

    pub(crate) fn check(self) -> Result<c_int, Error> {
        if self.is_available() { Ok(self.number()) } else { Err(Error(format!("this processor lacks {self:?}"))) }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Isa::Plain => "plain",
            Isa::Avx2 => "AVX2",
            Isa::Avx512 => "AVX-512",
        })
    }
}

//! How wide the vectors of the hand-written kernels may be. The variable that limits libtorch's own kernels limits ours as
//! well, so that one setting makes the whole program compute as on an older processor.

use torch_ext::Isa;

/// Takes up `ATEN_CPU_CAPABILITY`: `default`, `avx2` or `avx512`. libtorch reads it too, and warns of anything else.
pub fn limit() {
    match std::env::var("ATEN_CPU_CAPABILITY").as_deref() {
        Ok("default") => Isa::Plain.limit(),
        Ok("avx2") => Isa::Avx2.limit(),
        _ => {}
    }
}

//! Whether two sides compute the same: their first losses from the same initial parameters. Where they do not, their times
//! must not be compared.

use anyhow::{Result, ensure};

use crate::platform::Platform;
use crate::work::{Precision, Side, Work};

/// Minibatches whose losses are compared.
pub const LOSSES: usize = 30;

/// Largest difference of a minibatch's loss, nats: sums are formed in different orders, and where one side rounds to bf16
/// (8 bits of a number are kept) or TF32 (11 bits) the other one rounds elsewhere.
pub fn tolerance(platform: Platform, work: Work, side: Side) -> f64 {
    let precisions = [work.precision(), platform.precision(work, side)];
    if precisions.contains(&Precision::Bf16) {
        5e-2
    } else if precisions.contains(&Precision::Tf32) {
        1e-2
    } else {
        1e-3
    }
}

/// The largest difference of two loss curves.
///
/// # Errors
/// If it is above `tolerance`, or the curves are not of one length.
pub fn deviation(ours: &[f64], theirs: &[f64], tolerance: f64) -> Result<f64> {
    ensure!(
        !ours.is_empty() && ours.len() == theirs.len(),
        "{} losses of ours do not go with {} of theirs",
        ours.len(),
        theirs.len()
    );
    let largest = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    ensure!(
        largest <= tolerance,
        "the losses differ by {largest:.1e}, more than {tolerance:.0e}: the sides do not compute the same, and their \
         times must not be compared"
    );
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_curves_coincide_within_the_tolerance_or_nothing_is_timed() {
        assert_eq!(deviation(&[2.5, 1.0], &[2.5, 1.25], 0.25).unwrap(), 0.25);
        let message = |ours: &[f64], theirs: &[f64]| deviation(ours, theirs, 1e-3).unwrap_err().to_string();
        assert!(message(&[2.0], &[2.5]).contains("differ by 5.0e-1"));
        assert!(message(&[2.0], &[2.0, 1.0]).contains("1 losses of ours do not go with 2"));
        assert!(message(&[], &[]).contains("0 losses"));
    }

    #[test]
    fn the_coarser_precision_of_both_sides_sets_the_tolerance() {
        let (cpu, cuda) = (Platform::Cpu, Platform::Cuda);
        assert_eq!(tolerance(cpu, Work::Lenet500, Side::Resident), 1e-3);
        assert_eq!(tolerance(cpu, Work::Lenet500, Side::Candle), 1e-3);
        assert_eq!(tolerance(cpu, Work::Lenet500Bf16, Side::Resident), 5e-2);
        assert_eq!(tolerance(cuda, Work::Lenet500Bf16, Side::Loader), 5e-2);
        assert_eq!(tolerance(cuda, Work::Lenet500Tf32, Side::Loader), 1e-2);
    }
}

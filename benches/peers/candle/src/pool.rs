//! Max-pooling over windows of 2 x 2 as an operation of its own: candle's own has a gradient that is too small by the number
//! of losers in a window, and training would not be the same.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// The greatest of each window of `x`, `[n, c, h, w]` with even `h` and `w`, to `[n, c, h / 2, w / 2]`.
pub fn max_pool_2x2(x: &Tensor) -> Result<Tensor> {
    x.apply_op1(MaxPool)
}

struct MaxPool;

/// The gradient of the pictures from them and the gradient of what was pooled: the first of the greatest takes all.
struct MaxPoolBackward;

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool-2x2"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, c, h, w) = layout.shape().dims4()?;
        let x = contiguous(storage, layout)?;
        let mut out = vec![0_f32; n * c * h * w / 4];
        let rows = out.par_chunks_exact_mut(w / 2).with_min_len(64);
        rows.zip(x.par_chunks_exact(2 * w)).for_each(|(out, rows)| {
            let (upper, lower) = rows.split_at(w);
            for ((out, a), b) in out.iter_mut().zip(upper.as_chunks::<2>().0).zip(lower.as_chunks::<2>().0) {
                *out = a[0].max(a[1]).max(b[0].max(b[1]));
            }
        });
        Ok((CpuStorage::F32(out), (n, c, h / 2, w / 2).into()))
    }

    fn bwd(&self, x: &Tensor, _pooled: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(x.apply_op2_no_bwd(&gradient.contiguous()?, &MaxPoolBackward)?))
    }
}

impl CustomOp2 for MaxPoolBackward {
    fn name(&self) -> &'static str {
        "max-pool-2x2-backward"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let w = l1.shape().dims4()?.3;
        let (x, gradient) = (contiguous(s1, l1)?, contiguous(s2, l2)?);
        let mut out = vec![0_f32; x.len()];
        let rows = out.par_chunks_exact_mut(2 * w).with_min_len(64);
        rows.zip(x.par_chunks_exact(2 * w)).zip(gradient.par_chunks_exact(w / 2)).for_each(|((out, x), gradient)| {
            for (j, &gradient) in gradient.iter().enumerate() {
                let places = [2 * j, 2 * j + 1, w + 2 * j, w + 2 * j + 1];
                let greatest = places.into_iter().reduce(|best, next| if x[next] > x[best] { next } else { best });
                if let Some(greatest) = greatest {
                    out[greatest] = gradient;
                }
            }
        });
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }
}

fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((from, to))) => Ok(&values[from..to]),
        _ => bail!("max-pooling takes contiguous f32"),
    }
}

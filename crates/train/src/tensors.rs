//! Named tensors to and from the safetensors format, which Python, Rust and JavaScript tools read.

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use tch::{Device, Kind, Tensor};

/// Serialises named tensors. Strided and device tensors are brought to contiguous host memory first.
pub(crate) fn to_bytes(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, String> {
    let mut host = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        host.push((name, to_host(tensor).map_err(|problem| format!("tensor `{name}`: {problem}"))?));
    }
    let views: Result<Vec<_>, _> = host
        .iter()
        .map(|(name, (dtype, shape, bytes))| Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect();
    views.and_then(|views| safetensors::serialize(views, None)).map_err(|e: safetensors::SafeTensorError| e.to_string())
}

/// Reads named tensors to the host, in the order of their names.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Vec<(String, Tensor)>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| format!("not a safetensors file: {e}"))?;
    let mut tensors = Vec::new();
    for (name, view) in file.tensors() {
        let kind = kind(view.dtype())
            .ok_or_else(|| format!("tensor `{name}` has the unsupported dtype {:?}", view.dtype()))?;
        let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
        let tensor =
            Tensor::f_from_data_size(view.data(), &shape, kind).map_err(|e| format!("tensor `{name}`: {e}"))?;
        tensors.push((name, tensor));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(tensors)
}

fn to_host(tensor: &Tensor) -> Result<(Dtype, Vec<usize>, Vec<u8>), String> {
    let dtype = dtype(tensor.kind()).ok_or_else(|| format!("unsupported dtype {:?}", tensor.kind()))?;
    let tensor = tensor.detach().f_to_device(Device::Cpu).and_then(|t| t.f_contiguous()).map_err(|e| e.to_string())?;
    let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel()).map_err(|e| e.to_string())?;
    Ok((dtype, tensor.size().iter().map(|&n| n as usize).collect(), bytes))
}

const DTYPES: [(Kind, Dtype); 4] =
    [(Kind::Float, Dtype::F32), (Kind::Double, Dtype::F64), (Kind::Int64, Dtype::I64), (Kind::BFloat16, Dtype::BF16)];

fn dtype(kind: Kind) -> Option<Dtype> {
    DTYPES.iter().find(|pair| pair.0 == kind).map(|pair| pair.1)
}

fn kind(dtype: Dtype) -> Option<Kind> {
    DTYPES.iter().find(|pair| pair.1 == dtype).map(|pair| pair.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_come_back_bit_for_bit() {
        let strided = Tensor::from_slice2(&[[1.0f32, 2.0, f32::MIN_POSITIVE], [4.0, -0.0, 6.5]]).transpose(0, 1);
        let count = Tensor::from_slice(&[i64::MAX, -1]);
        let scalar = Tensor::from(0.1f64);
        let named = vec![("b".to_owned(), strided.shallow_clone()), ("a".to_owned(), count), ("c".to_owned(), scalar)];
        let back = from_bytes(&to_bytes(&named).unwrap()).unwrap();
        assert_eq!(back.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(back[1].1.size(), [3, 2]);
        assert!(back[1].1.equal(&strided));
        assert_eq!(back[1].1.double_value(&[1, 1]).to_bits(), (-0.0f64).to_bits());
        assert_eq!(back[0].1.int64_value(&[0]), i64::MAX);
        assert_eq!(back[2].1.double_value(&[]), 0.1);
    }

    #[test]
    fn bytes_that_are_not_safetensors_are_an_error() {
        let good = to_bytes(&[("a".to_owned(), Tensor::from_slice(&[1.0f32, 2.0]))]).unwrap();
        assert!(from_bytes(&[]).is_err());
        assert!(from_bytes(b"not at all a tensor file").is_err());
        for cut in 0..good.len() {
            assert!(from_bytes(&good[..cut]).is_err(), "cut at {cut}");
        }
    }
}

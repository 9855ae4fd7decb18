//! Values from other programs: what PyTorch, torchvision and timm save for a network of the zoo, made into what the model calls it.

use tch::{Kind, Tensor};

use crate::shape::product;
use crate::{Error, Model};

/// A counter that PyTorch keeps beside running statistics and that nothing here reads.
const COUNTER: &str = "num_batches_tracked";

impl Model {
    /// Copies values that another program saved, by name: either all are copied or, on an error, none. Floating-point values of
    /// any width become f32; a 1x1 convolution takes a linear layer's weight and the other way round;
    /// `num_batches_tracked` is passed over.
    ///
    /// # Errors
    /// As [`load_values`](Model::load_values).
    pub fn load_named(&self, values: &[(String, Tensor)]) -> Result<(), Error> {
        self.load_values(&self.translated(values)?)
    }

    /// The same but for the head, which keeps the values that it has, so that a network trained on other classes can be
    /// trained further.
    ///
    /// # Errors
    /// As [`load_values`](Model::load_values); a missing or misshapen head is none.
    pub fn load_named_body(&self, values: &[(String, Tensor)]) -> Result<(), Error> {
        let head = self.head_names();
        let mut values = self.translated(values)?;
        values.retain(|(name, _)| !head.contains(name));
        values.extend(self.clone_values().into_iter().filter(|(name, _)| head.contains(name)));
        self.load_values(&values)
    }

    fn translated(&self, values: &[(String, Tensor)]) -> Result<Vec<(String, Tensor)>, Error> {
        let own = self.named_tensors();
        let mut translated = Vec::with_capacity(values.len());
        for (name, value) in values.iter().filter(|(name, _)| !name.ends_with(COUNTER)) {
            let failed = |doing: &str| Error::libtorch(format!("{doing} {name}"));
            let mut value = value.shallow_clone();
            if matches!(value.kind(), Kind::Double | Kind::Half | Kind::BFloat16) {
                value = value.f_to_kind(Kind::Float).map_err(failed("convert"))?;
            }
            if let Some((_, own)) = own.iter().find(|(own, _)| own == name)
                && differ_by_ones(&own.size(), &value.size())
            {
                value = value.f_reshape(own.size()).map_err(failed("reshape"))?;
            }
            translated.push((name.clone(), value));
        }
        Ok(translated)
    }
}

/// Whether one is a matrix and the other the same as filters of 1x1.
fn differ_by_ones(a: &[i64], b: &[i64]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short != long && !short.is_empty() && long.starts_with(short) && product(&long[short.len()..]) == 1
}

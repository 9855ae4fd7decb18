//! What a model has learnt to look for, and how that grew while it trained.

mod growth;
mod sheet;

pub use growth::{Growth, Grown, spoken};
pub use sheet::Sheet;

use crate::error::Error;
use models::{Model, Role};

/// The sheets of a model's layers, first to last, or of the one called `layer`.
///
/// # Errors
/// If no layer with weights is called so.
pub fn sheets(model: &Model, layer: Option<&str>) -> Result<Vec<Sheet>, Error> {
    let weights: Vec<_> = model.parameters().iter().filter(|parameter| parameter.role == Role::Weight).collect();
    let names: Vec<&str> = weights.iter().map(|parameter| parameter.name.trim_end_matches(".weight")).collect();
    if let Some(asked) = layer.filter(|asked| !names.contains(asked)) {
        return Err(Error::NoFilters { layer: asked.to_owned(), layers: names.join(", ") });
    }
    let wanted = |name: &str| layer.is_none_or(|asked| asked == name);
    let chosen = weights.iter().zip(&names).enumerate().filter(|(_, (_, name))| wanted(name));
    chosen.map(|(i, (parameter, name))| Sheet::new(name, &parameter.tensor, (i == 0).then(|| model.input()))).collect()
}

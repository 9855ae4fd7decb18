//! A kind of thing that has no options.

use serde::{Deserialize, Deserializer};

/// For `#[serde(deserialize_with = "values::no_keys")]` on a variant without fields of an enum with a tag: serde lets unknown
/// keys pass beside the tag of such a variant, so that what a user set there would be lost. Read as a struct without keys,
/// they are refused.
///
/// # Errors
/// A key beside the tag.
pub fn no_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoKeys {}
    NoKeys::deserialize(deserializer).map(|NoKeys {}| ())
}

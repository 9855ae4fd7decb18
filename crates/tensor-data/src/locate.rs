//! Where a data set lies on this machine. The caller says where to look and in which order; nothing is read from the
//! environment here.

use std::path::{Component, Path, PathBuf};

/// The first folder `<root>/<name>/` that exists, trying `roots` in order.
///
/// None as well when `name` is not the plain name of a folder (empty, `..`, or with a separator in it), so that a name
/// from a recipe cannot point outside the roots.
///
/// ```
/// use std::path::PathBuf;
/// let roots = [PathBuf::from("no/such/folder"), PathBuf::from("data")];
/// assert_eq!(tensor_data::locate::find("no-such-data-set", &roots), None);
/// ```
pub fn find(name: &str, roots: &[PathBuf]) -> Option<PathBuf> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(only)), None) if only == name => {}
        _ => return None,
    }
    roots.iter().map(|root| root.join(name)).find(|folder| folder.is_dir())
}

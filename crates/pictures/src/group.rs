//! Pictures that belong together (a burst, a patient, a video) and must not stand on both sides of a split.

use crate::listing::Listed;
use serde::{Deserialize, Serialize};

/// What makes pictures belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Each picture is alone.
    #[default]
    None,
    /// The same folder.
    Folder,
    /// The same folder, and the same name up to its last number: `cat_7_001.jpg` and `cat_7_002.jpg`.
    Prefix,
    /// The same cell in a table's column.
    Column(String),
}

impl Group {
    /// As people write it: `none`, `folder`, `prefix`, or the name of a table's column.
    pub fn named(name: &str) -> Group {
        match name {
            "none" => Group::None,
            "folder" => Group::Folder,
            "prefix" => Group::Prefix,
            column => Group::Column(column.to_owned()),
        }
    }

    pub(crate) fn column(&self) -> Option<&str> {
        match self {
            Group::Column(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn of(&self, file: &Listed) -> Option<String> {
        match self {
            Group::None => None,
            Group::Folder => Some(file.path.parent()?.to_string_lossy().into_owned()),
            Group::Prefix => {
                let stem = file.path.file_stem()?.to_string_lossy();
                let end = |c: char| c.is_ascii_digit();
                let start = stem.trim_end_matches(end).trim_end_matches(['-', '_', ' ', '.', '(']);
                Some(file.path.with_file_name(start).to_string_lossy().into_owned())
            }
            Group::Column(_) => file.group.clone().filter(|group| !group.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_up_to_their_last_number_are_groups() {
        let group = |group: Group, path: &str| {
            group.of(&Listed { path: path.into(), class: "cat".into(), part: None, group: None })
        };
        let prefix = |path| group(Group::Prefix, path).unwrap();
        assert_eq!(prefix("cat/a_7_001.jpg"), "cat/a_7");
        assert_eq!(prefix("cat/a_7_002.jpg"), prefix("cat/a_7_001.jpg"));
        assert_eq!(prefix("cat/a7-12.jpg"), "cat/a7");
        assert_ne!(prefix("cat/a1.jpg"), prefix("dog/a1.jpg"));
        assert_eq!(group(Group::Folder, "cat/tom/1.jpg").unwrap(), "cat/tom");
        assert_eq!(group(Group::None, "cat/1.jpg"), None);
    }
}

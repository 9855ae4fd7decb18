//! An inventory and the split that is planned for it as one JSON object, for programs.

use crate::inventory::Inventory;
use crate::listing::Part;
use crate::split::Split;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use values::shown;

const PARTS: [(&str, Part); 3] = [("train", Part::Train), ("validation", Part::Validation), ("test", Part::Test)];

impl Inventory {
    /// The inventory and its split as one JSON object. Its keys:
    ///
    /// | key | value |
    /// | --- | --- |
    /// | `folder`, `layout` | path; `classes`, `splits` or `table` |
    /// | `classes` | a list of `name` and `count`, sorted by name |
    /// | `pictures` | how many can be read |
    /// | `sizes`, `channels` | how many pictures there are of each, such as `"64x48": 3` (width, height) and `"1": 2` |
    /// | `unreadable`, `perhaps_damaged` | lists of `path` and `cause` |
    /// | `rotated`, `animated`, `transparent` | lists of paths |
    /// | `duplicates` | a list of `paths`, `exact`, `across_classes`, `across_splits` |
    /// | `ignored` | a list of `path` and `why`; folders end in `/` |
    /// | `split` | `train`, `validation` and `test`, each with the count of every class |
    /// | `warnings` | a list of sentences |
    pub fn as_json(&self, split: &Split) -> Value {
        let paths = |found: Vec<&Path>| found.into_iter().map(text).collect::<Vec<_>>();
        let counts = |counts: Vec<usize>| -> BTreeMap<&str, usize> {
            self.classes.iter().map(String::as_str).zip(counts).collect()
        };
        let classes = self.classes.iter().zip(self.counts(None));
        let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
        let mut channels: BTreeMap<String, usize> = BTreeMap::new();
        let mut damaged = Vec::new();
        for picture in &self.pictures {
            *sizes.entry(format!("{}x{}", picture.width, picture.height)).or_default() += 1;
            *channels.entry(picture.facts.channels.to_string()).or_default() += 1;
            let doubt = picture.facts.doubt.as_ref();
            damaged.extend(doubt.map(|why| json!({ "path": text(&picture.path), "cause": why })));
        }
        json!({
            "folder": text(&self.root),
            "layout": self.layout,
            "classes": classes.map(|(name, count)| json!({ "name": name, "count": count })).collect::<Vec<_>>(),
            "pictures": self.pictures.len(),
            "sizes": sizes,
            "channels": channels,
            "unreadable": self.unreadable.iter().map(|it| json!({ "path": text(&it.path), "cause": it.cause })).collect::<Vec<_>>(),
            "perhaps_damaged": damaged,
            "rotated": paths(self.where_facts(|facts| facts.turned)),
            "animated": paths(self.where_facts(|facts| facts.animated)),
            "transparent": paths(self.where_facts(|facts| facts.transparent)),
            "duplicates": self.duplicates.iter().map(|it| json!({
                "paths": it.pictures.iter().map(|&i| text(&self.pictures[i].path)).collect::<Vec<_>>(),
                "exact": it.exact,
                "across_classes": it.across_classes,
                "across_splits": it.across_splits,
            })).collect::<Vec<_>>(),
            "ignored": self.ignored.iter().map(|it| json!({ "path": text(&it.path), "why": it.why })).collect::<Vec<_>>(),
            "split": PARTS.map(|(name, part)| (name, counts(split.counts(self, part)))).into_iter().collect::<BTreeMap<_, _>>(),
            "warnings": split.warnings,
        })
    }
}

/// A path that JSON can hold; one that is not UTF-8 is written so that it can be read.
fn text(path: &Path) -> String {
    path.to_str().map_or_else(|| shown::path(path), str::to_owned)
}

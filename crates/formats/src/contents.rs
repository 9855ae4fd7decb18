//! What a data set of arrays holds, as a person wants to know it before training: counts, and pictures that are there twice.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use tensor_data::{Samples, Source};
use values::{shown, thousands};

/// Names in one line; a data set may have a thousand classes.
const NAMES: usize = 12;

/// What a data set holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contents {
    /// Channels, height and width of every picture.
    pub shape: [usize; 3],
    /// Names of the classes.
    pub classes: Vec<String>,
    /// For each part that is there (`train`, `validation`, `test`), the pictures of every class in the order of the classes.
    pub counts: BTreeMap<&'static str, Vec<usize>>,
    /// Pictures whose pixels are the same.
    pub copies: Vec<Copies>,
}

/// Pictures whose pixels are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    /// Two or more: the part, and the place in it from 0.
    pub pictures: Vec<(&'static str, usize)>,
    /// Whether their labels differ.
    pub across_classes: bool,
    /// Whether they stand in different parts.
    pub across_splits: bool,
}

impl Contents {
    /// Counts and compares the pictures of a data set.
    pub fn of(source: &Source) -> Contents {
        let parts: Vec<(&str, &Samples)> = [("train", Some(&source.train)), ("validation", source.valid.as_ref())]
            .into_iter()
            .chain([("test", Some(&source.test))])
            .filter_map(|(name, samples)| Some((name, samples?)))
            .collect();
        let classes = source.classes().to_vec();
        let mut counts = BTreeMap::new();
        let mut places: HashMap<&[u8], Vec<(usize, usize)>> = HashMap::new();
        for (part, (name, samples)) in parts.iter().enumerate() {
            let mut count = vec![0; classes.len()];
            for i in 0..samples.len() {
                let (pixels, label) = samples.picture(i);
                count[label as usize] += 1;
                places.entry(pixels).or_default().push((part, i));
            }
            counts.insert(*name, count);
        }
        let mut same: Vec<Vec<(usize, usize)>> = places.into_values().filter(|them| them.len() > 1).collect();
        same.sort();
        let copies = same.into_iter().map(|them| {
            let labels: BTreeSet<u32> = them.iter().map(|&(part, i)| parts[part].1.labels()[i]).collect();
            let sides: BTreeSet<usize> = them.iter().map(|&(part, _)| part).collect();
            let pictures = them.into_iter().map(|(part, i)| (parts[part].0, i)).collect();
            Copies { pictures, across_classes: labels.len() > 1, across_splits: sides.len() > 1 }
        });
        Contents { shape: source.train.shape(), copies: copies.collect(), classes, counts }
    }

    /// Such as `10 classes, 70,000 pictures (T-shirt/top 7,000, ...); 2 copies of others; 1 picture under two labels`.
    pub fn summary(&self) -> String {
        let totals = self.totals();
        let named = self.classes.iter().zip(&totals).take(NAMES);
        let mut names: Vec<String> =
            named.map(|(class, &count)| format!("{class} {}", thousands(count as f64))).collect();
        if self.classes.len() > NAMES {
            names.push(format!("and {} more", self.classes.len() - NAMES));
        }
        let count = |number: usize, one: &str, more: &str| {
            format!("{} {}", thousands(number as f64), if number == 1 { one } else { more })
        };
        let mut parts = vec![format!(
            "{}, {} ({})",
            count(self.classes.len(), "class", "classes"),
            count(totals.iter().sum(), "picture", "pictures"),
            names.join(", ")
        )];
        let mut say = |number: usize, one: &str, more: &str| {
            if number > 0 {
                parts.push(count(number, one, more));
            }
        };
        say(self.copies.iter().map(|it| it.pictures.len() - 1).sum(), "copy of another", "copies of others");
        let differing = self.copies.iter().filter(|it| it.across_classes).count();
        say(differing, "picture under several labels", "pictures under several labels");
        let leaking = self.copies.iter().filter(|it| it.across_splits).count();
        say(leaking, "picture in several parts", "pictures in several parts");
        parts.join("; ")
    }

    /// As one JSON object with the keys of a folder's inventory (`pictures::Inventory::as_json`); `layout` is `arrays`, and a picture's
    /// path is its part and its place in it, from 0.
    pub fn as_json(&self, path: &Path) -> Value {
        let totals = self.totals();
        let [channels, height, width] = self.shape;
        let pictures: usize = totals.iter().sum();
        let classes = self.classes.iter().zip(&totals);
        let split = |name: &str| -> BTreeMap<&str, usize> {
            let counts = self.counts.get(name).cloned().unwrap_or_else(|| vec![0; self.classes.len()]);
            self.classes.iter().map(String::as_str).zip(counts).collect()
        };
        let none: [&str; 0] = [];
        json!({
            "folder": path.to_str().map_or_else(|| shown::path(path), str::to_owned),
            "layout": "arrays",
            "classes": classes.map(|(name, count)| json!({ "name": name, "count": count })).collect::<Vec<_>>(),
            "pictures": pictures,
            "sizes": { format!("{width}x{height}"): pictures },
            "channels": { channels.to_string(): pictures },
            "unreadable": none,
            "perhaps_damaged": none,
            "rotated": none,
            "animated": none,
            "transparent": none,
            "duplicates": self.copies.iter().map(|it| json!({
                "paths": it.pictures.iter().map(|(part, i)| format!("{part}/{i}")).collect::<Vec<_>>(),
                "exact": true,
                "across_classes": it.across_classes,
                "across_splits": it.across_splits,
            })).collect::<Vec<_>>(),
            "ignored": none,
            "split": { "train": split("train"), "validation": split("validation"), "test": split("test") },
            "warnings": none,
        })
    }

    /// Pictures of every class over all parts, in the order of the classes.
    pub fn totals(&self) -> Vec<usize> {
        (0..self.classes.len()).map(|class| self.counts.values().map(|count| count[class]).sum()).collect()
    }
}

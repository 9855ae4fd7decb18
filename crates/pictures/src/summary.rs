//! An inventory in one line, as it stands above a training run.

use crate::inventory::Inventory;
use std::collections::BTreeSet;
use std::path::Path;
use values::thousands;

/// Names in one list; a folder may have a thousand classes.
const NAMES: usize = 12;

impl Inventory {
    /// Such as `3 classes, 154 pictures (cat 80, dog 63, ship 11); 3 unreadable; 1 turned by EXIF; ignored: empty_class/;
    /// cat002.jpg stands in cat and dog`. Names are as the system has them: whoever prints the line makes it harmless.
    pub fn summary(&self) -> String {
        let classes = self.classes.iter().zip(self.counts(None));
        let classes: Vec<String> =
            classes.map(|(class, count)| format!("{class} {}", thousands(count as f64))).collect();
        let count = |number: usize, one: &str, more: &str| {
            format!("{} {}", thousands(number as f64), if number == 1 { one } else { more })
        };
        let mut parts = vec![format!(
            "{}, {} ({})",
            count(classes.len(), "class", "classes"),
            count(self.pictures.len(), "picture", "pictures"),
            list(&classes)
        )];
        let mut say = |number: usize, what: &str| {
            if number > 0 {
                parts.push(format!("{} {what}", thousands(number as f64)));
            }
        };
        say(self.unreadable.len(), "unreadable");
        say(self.where_facts(|facts| facts.turned).len(), "turned by EXIF");
        say(self.where_facts(|facts| facts.animated).len(), "animated (the first frame is taken)");
        say(self.where_facts(|facts| facts.transparent).len(), "transparent");
        say(self.where_facts(|facts| facts.doubt.is_some()).len(), "perhaps damaged");
        let copies: usize = self.duplicates.iter().map(|copies| copies.pictures.len() - 1).sum();
        say(copies, if copies == 1 { "copy of another" } else { "copies of others" });
        if !self.ignored.is_empty() {
            let ignored: Vec<String> = self.ignored.iter().map(|it| it.path.display().to_string()).collect();
            parts.push(format!("ignored: {}", list(&ignored)));
        }
        let across: Vec<String> =
            self.duplicates.iter().filter(|it| it.across_classes).map(|it| self.across(&it.pictures)).collect();
        if !across.is_empty() {
            parts.push(list(&across));
        }
        parts.join("; ")
    }

    /// `cat002.jpg stands in cat and dog`
    fn across(&self, copies: &[usize]) -> String {
        let classes: BTreeSet<u32> = copies.iter().map(|&i| self.pictures[i].class).collect();
        let classes: Vec<&str> = classes.into_iter().map(|class| self.classes[class as usize].as_str()).collect();
        let name = Path::new(self.pictures[copies[0]].path.file_name().unwrap_or_default()).display();
        format!("{name} stands in {}", classes.join(" and "))
    }
}

fn list(names: &[String]) -> String {
    match names.get(..NAMES) {
        Some(first) if names.len() > NAMES => format!("{} and {} more", first.join(", "), names.len() - NAMES),
        _ => names.join(", "),
    }
}

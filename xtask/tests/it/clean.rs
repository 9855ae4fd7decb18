//! `clean`: planted label errors are found, shown, moved, and moved back; nothing moves unasked.

use crate::photos::{SMALL, offline, photos};
use crate::runs::Place;
use crate::visit::assert_accessible;
use std::collections::BTreeSet;
use std::fs;

/// The pictures of the table.
fn suspects(place: &Place, table: &str) -> BTreeSet<String> {
    let mut rows = csv::Reader::from_path(place.path(table)).unwrap();
    rows.records().map(|row| row.unwrap()[0].to_owned()).collect()
}

#[test]
fn planted_label_errors_are_found_moved_and_moved_back() {
    let place = Place::new();
    let folder = photos(&place);
    let planted = [("grass/03.png", "Äpfel/g.png"), ("Äpfel/07.png", "grass/a.png"), ("Äpfel/08.png", "grass/b.png")];
    planted.iter().for_each(|(from, to)| fs::rename(folder.join(from), folder.join(to)).unwrap());
    let text =
        format!("{SMALL}pictures = {{ folder = {:?}, size = 16, fit = \"squash\" }}\n", folder.to_str().unwrap());
    let recipe = place.recipe("mine", &text);
    let done = offline(&place, &format!("train {recipe} --out {{}}/run"));
    assert_eq!(done.status, Some(0), "{done:?}");
    let before = place.state("photos");

    // A run without folds: they are trained first.
    let early = offline(&place, "clean {}/run --apply");
    assert!(early.status == Some(2) && early.err.contains("writes it"), "{early:?}");
    let cleaned = offline(&place, "clean {}/run");
    assert_eq!(cleaned.status, Some(0), "{cleaned:?}");
    assert!(cleaned.err.contains("5 folds are trained first"), "{}", cleaned.err);
    assert!(!format!("{}{}", cleaned.out, cleaned.err).contains('\u{1b}'), "{cleaned:?}");
    let found = suspects(&place, "run/clean/suspects.csv");
    let expected: BTreeSet<String> = planted.iter().map(|(_, to)| to.to_string()).collect();
    let hits: Vec<&String> = found.intersection(&expected).collect();
    assert!(hits.len() >= 2 && found.len() <= hits.len() + 3, "{found:?}");
    assert!(place.text("run/clean/suspects.html").contains("grass/a.png"));
    assert_accessible(&place, "run/clean/suspects.html");
    assert_eq!(place.state("photos"), before, "nothing moves unasked");
    let again = offline(&place, "clean {}/run");
    assert!(again.status == Some(2) && again.err.contains("may have been edited"), "{again:?}");

    // Only what the person left in the table is moved.
    let mut table = csv::Reader::from_path(place.path("run/clean/suspects.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let mut edited = csv::Writer::from_path(place.path("edited.csv")).unwrap();
    edited.write_record(&header).unwrap();
    for row in table.records().map(Result::unwrap) {
        let keep = row[0] == *hits[0];
        let cells = row.iter().enumerate().map(|(i, cell)| if i < 6 || keep { cell } else { "" });
        edited.write_record(cells).unwrap();
    }
    drop(edited);
    fs::rename(place.path("edited.csv"), place.path("run/clean/suspects.csv")).unwrap();
    let moved = offline(&place, "clean {}/run --apply");
    assert!(moved.status == Some(0) && moved.out.contains("1 picture moved"), "{moved:?}");
    assert!(!folder.join(hits[0]).exists() && hits[1..].iter().all(|hit| folder.join(hit).exists()), "{hits:?}");
    let twice = offline(&place, "clean {}/run --apply");
    assert!(twice.status == Some(1) && twice.err.contains("--undo"), "{twice:?}");
    let undone = offline(&place, "clean {}/run --undo");
    assert_eq!(undone.status, Some(0), "{undone:?}");
    assert_eq!(place.state("photos"), before, "every file is where it was, as it was");
}

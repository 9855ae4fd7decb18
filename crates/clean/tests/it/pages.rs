//! The table keeps what a person writes into it, and the page is one file that asks nobody.

use clean::{Page, Row, Shown};

fn row(picture: &str) -> Row {
    Row {
        picture: picture.to_owned(),
        given: "Äpfel, \"rot\"".to_owned(),
        suggested: "<b>sky</b>".to_owned(),
        confidence: 0.87654,
        given_probability: 0.01,
        margin: 0.86654,
        move_to: "<b>sky</b>".to_owned(),
    }
}

#[test]
fn a_table_is_read_as_it_was_written_and_edited() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("suspects.csv");
    clean::write(&path, &[row("a/1.png"), row("a/2.png")]).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("picture,given,suggested,confidence,given_probability,margin,move_to\n"), "{text}");
    let read = clean::read(&path).unwrap();
    assert_eq!((read.len(), read[0].given.as_str(), read[0].confidence), (2, "Äpfel, \"rot\"", 0.8765));
    clean::write(&path, &[]).unwrap();
    assert_eq!(clean::read(&path).unwrap(), []);
    std::fs::write(&path, "picture,given\na,b\n").unwrap();
    assert!(clean::read(&path).unwrap_err().to_string().contains("keep the header"));
}

#[test]
fn the_page_is_one_file_with_everything_escaped() {
    let page = Page { name: "mine".into(), pictures: 40, how: "By 5 folds.".into(), next: vec!["Then move.".into()] };
    let pixels: Vec<u8> = (0..3 * 100 * 80).map(|i| (i % 251) as u8).collect();
    let rows = [row("a/1.png"), row("a/2.png")];
    let html = page.html(&rows, |_| Shown { shape: [3, 100, 80], pixels: &pixels }).unwrap();
    assert!(html.contains("2 of 40 pictures") && html.contains("88 %") && html.contains("a/2.png"), "{html}");
    assert!(!html.contains("<b>sky") && !html.contains("://") && html.matches("data:image/jpeg").count() == 2);
    let small = page.html(&rows, |_| Shown { shape: [1, 28, 28], pixels: &pixels[..784] }).unwrap();
    assert!(small.contains("data:image/png") && small.contains("pixelated"));
    assert!(page.html(&rows, |_| Shown { shape: [3, 28, 28], pixels: &pixels[..784] }).is_err());
    // Noise does not compress: 4 MB are soon full, and the rest is told.
    let many: Vec<Row> = (0..2000).map(|i| row(&format!("{i}"))).collect();
    let html = page.html(&many, |_| Shown { shape: [3, 100, 80], pixels: &pixels }).unwrap();
    assert!(html.len() < 5_000_000 && html.contains("are shown here, all stand in the table"), "{}", html.len());
}

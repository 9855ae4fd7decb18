//! Parts of `docs/performance.md` between markers: what a command writes there never touches what people wrote.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Puts `body` between the markers of `name` in the page.
///
/// # Errors
/// If the page cannot be read or written, or lacks the markers.
pub fn replace(path: &Path, name: &str, body: &str) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let new = replaced(&text, name, body).with_context(|| {
        format!(
            "{} lacks the lines <!-- {name} --> and <!-- end of {name} -->: put them where the table belongs",
            path.display()
        )
    })?;
    write(path, &new)
}

fn replaced(text: &str, name: &str, body: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let start = text.find(&begin)? + begin.len();
    let stop = start + text.get(start..)?.find(&end)?;
    Some(format!("{}\n{}\n\n{}", text.get(..start)?, body.trim(), text.get(stop..)?))
}

/// Writes a file whole or not at all.
///
/// # Errors
/// If its folder cannot be written to.
pub fn write(path: &Path, text: &str) -> Result<()> {
    whole(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

fn whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    whole_file::write(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Platform;

    #[test]
    fn only_what_lies_between_the_markers_changes() {
        let text = "before\n<!-- a -->\nold\n<!-- end of a -->\nafter\n<!-- b -->\n<!-- end of b -->\n";
        let once = replaced(text, "a", "new\n").unwrap();
        assert_eq!(once, "before\n<!-- a -->\n\nnew\n\n<!-- end of a -->\nafter\n<!-- b -->\n<!-- end of b -->\n");
        assert_eq!(replaced(&once, "a", "new").unwrap(), once);
        assert_eq!(replaced(text, "c", "new"), None);
        assert_eq!(replaced("<!-- a -->\nno end", "a", "new"), None);
    }

    #[test]
    fn the_page_has_a_part_for_everything_that_is_measured() {
        let text = fs::read_to_string(crate::workspace::own().page()).unwrap();
        for name in [Platform::Cpu.kind(), Platform::Cuda.kind(), "scaling"] {
            assert!(replaced(&text, name, "").is_some(), "{name}");
        }
    }
}

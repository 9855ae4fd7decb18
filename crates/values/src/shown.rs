//! Text that came from outside (file names, descriptions, what a library says of them) as it may be printed. A file may
//! be called anything: what would steer a terminal, begin a line of its own or turn the reading order is written out
//! (`\u{1b}`, `\n`, `\u{202e}`) instead of being sent on.

use std::path::Path;

/// A path on one line; bytes that are not UTF-8 stand as `\xff`.
pub fn path(path: impl AsRef<Path>) -> String {
    let mut text = String::new();
    for chunk in path.as_ref().as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(&word(chunk.valid()));
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// A text on one line.
pub fn word(text: &str) -> String {
    escaped(text, |_| false)
}

/// A text that may have several lines, and tabs.
pub fn lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// JSON with the same meaning: within its strings, what steers is written as `\u001b`.
pub fn json(text: &str) -> String {
    let mut units = [0; 2];
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && c != '\n' {
            escaped.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn escaped(text: &str, kept: fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && !kept(c) { escaped.extend(c.escape_default()) } else { escaped.push(c) }
    }
    escaped
}

/// Whether a character does something other than being seen: controls, line separators, marks of the reading order,
/// characters without width. The joiners (U+200C, U+200D) stay, because some scripts and emoji need them.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn nothing_from_outside_steers_a_terminal() {
        assert_eq!(word("a\x1b[2Jb\r\n\u{202e}c\u{9b}d\t"), r"a\u{1b}[2Jb\r\n\u{202e}c\u{9b}d\t");
        assert_eq!(lines("a\n\tb\x07"), "a\n\tb\\u{7}");
        assert_eq!(path(OsStr::from_bytes(b"a\xff\n\xc3\xbc/7.png")), r"a\xff\nü/7.png");
        // What people do write stays.
        assert_eq!(
            word("größer 猫 'it\"s' \\ \u{1f468}\u{200d}\u{1f469}"),
            "größer 猫 'it\"s' \\ \u{1f468}\u{200d}\u{1f469}"
        );
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "name": "a\u{9b}\x1b\u{202e}\u{e0001}\n", "n": [1, 2] });
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.chars().all(|c| c == '\n' || !steers(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}

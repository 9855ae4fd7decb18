//! What serde says of a value that does not fit, without the names of Rust's types.

use crate::short;

/// serde's message, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// What was found, as serde writes it: ``integer `-1` ``, `string "x"`, `map`.
    pub found: &'a str,
    /// What was expected, as serde writes it: `u64`, `a string`.
    expected: &'a str,
    /// A place such as ` at line 1 column 5`, or nothing.
    place: &'a str,
    /// Whether `found` is a number of elements.
    is_length: bool,
}

impl<'a> Complaint<'a> {
    /// Takes "invalid type: ..., expected ..." apart, and its siblings of value and length.
    pub fn of(message: &'a str) -> Option<Complaint<'a>> {
        let (message, place) = place(message);
        let (kind, rest) = message.split_once(' ')?;
        let (what, rest) = if kind == "invalid" { rest.split_once(' ')? } else { return None };
        let (found, expected) = rest.rsplit_once(", expected ")?;
        matches!(what, "type:" | "value:" | "length").then_some(Complaint {
            found,
            expected,
            place,
            is_length: what == "length",
        })
    }

    /// "must be a number, but is the text "fast"", to stand behind the name of a key.
    pub fn sentence(&self) -> String {
        let wanted = wanted(self.expected);
        if self.is_length {
            return format!("must be {wanted}, but holds {}{}", self.found, self.place);
        }
        format!("must be {wanted}, but is {}{}", found(self.found), self.place)
    }
}

/// A message of serde, of TOML or JSON, in words for people: "expected f64" becomes "a number", "missing field" a missing
/// key. Whatever it does not know stays as it is.
///
/// ```
/// let message = "invalid type: string \"fast\", expected f64";
/// assert_eq!(values::plain(message), "this must be a number, but is the text \"fast\"");
/// assert_eq!(values::plain("missing field `epochs`"), "the key `epochs` is missing");
/// ```
pub fn plain(message: &str) -> String {
    if let Some(complaint) = Complaint::of(message) {
        return format!("this {}", complaint.sentence());
    }
    let (said, place) = place(message);
    if said == "wanted string or table" {
        return format!("this must be one of the words known here{place}");
    }
    let named = |start: &str| said.strip_prefix(start).and_then(|rest| rest.strip_suffix('`'));
    if let Some(key) = named("missing field `") {
        return format!("the key `{key}` is missing{place}");
    }
    if let Some(key) = named("duplicate field `") {
        return format!("the key `{key}` is there twice{place}");
    }
    let unknown = |what: &str| said.strip_prefix(what).and_then(|rest| rest.split_once("`, "));
    if let Some((key, known)) = unknown("unknown field `") {
        return format!("there is no key `{key}` here; {}{place}", listed(known));
    }
    if let Some((word, known)) = unknown("unknown variant `") {
        return format!("`{word}` is not known here; {}{place}", listed(known));
    }
    message.to_owned()
}

/// What may stand there, from serde's "expected one of `a`, `b`".
fn listed(known: &str) -> String {
    let known = known.strip_prefix("expected ").map(|known| known.strip_prefix("one of ").unwrap_or(known));
    known.map_or("there are none".to_owned(), |known| format!("known are {known}"))
}

/// serde_json's " at line 1 column 5" apart from what it says.
fn place(message: &str) -> (&str, &str) {
    let at = message.rfind(" at line ").filter(|&at| !message[at..].contains(['"', '`']));
    message.split_at(at.unwrap_or(message.len()))
}

fn wanted(expected: &str) -> String {
    let word = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 to 2^63 - 1",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "bool" | "a boolean" => "true or false",
        "str" | "string" | "a string" | "a borrowed string" | "a character" => "a text",
        "a sequence" => "a list",
        "map" | "a map" => "a table of keys",
        "variant identifier" | "string or map" | "string or table" => "one of the words known here",
        _ => "",
    };
    if !word.is_empty() {
        return word.to_owned();
    }
    let after = |start: &str| expected.strip_prefix(start);
    if let Some(length) = after("an array of length ").or(after("a tuple of size ")) {
        return format!("a list of {length}");
    }
    match expected.split_whitespace().next() {
        Some("struct" | "internally" | "adjacently" | "newtype" | "tuple") => "a table of keys".to_owned(),
        Some("enum" | "unit") => "one of the words known here".to_owned(),
        _ => expected.to_owned(),
    }
}

fn found(found: &str) -> String {
    let between = |start: &str, end: &str| found.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    if let Some(number) = between("floating point `", "`") {
        return number.parse().map_or(number.to_owned(), short);
    }
    if let Some(value) = between("integer `", "`").or(between("boolean `", "`")) {
        return value.to_owned();
    }
    if let Some(text) = found.strip_prefix("string ").or(found.strip_prefix("character ")) {
        return format!("the text {text}");
    }
    match found {
        "sequence" => "a list",
        "map" => "a table of keys",
        "unit value" | "null" | "Option value" => "nothing",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::fmt::Debug;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Thing {
        #[serde(default)]
        whole: u64,
        #[serde(default)]
        signed: i64,
        #[serde(default)]
        real: f64,
        #[serde(default)]
        flag: bool,
        #[serde(default)]
        text: String,
        #[serde(default)]
        list: Vec<f64>,
        #[serde(default)]
        pair: [i64; 2],
        #[serde(default)]
        word: Word,
        #[serde(default)]
        inner: Inner,
        #[serde(default)]
        tagged: Tagged,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        #[default]
        One,
        Two,
    }

    #[derive(Debug, Default, Deserialize)]
    #[allow(dead_code)]
    struct Inner {
        needed: u64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "kind", rename_all = "lowercase")]
    #[allow(dead_code)]
    enum Tagged {
        Some { count: u64 },
    }

    impl Default for Tagged {
        fn default() -> Self {
            Tagged::Some { count: 0 }
        }
    }

    /// What a real parser says, put into plain words.
    #[track_caller]
    fn check(toml: &str, words: &str) {
        let message = |error: &dyn Debug, text: &str| (format!("{error:?}"), plain(text));
        let error = toml::from_str::<Thing>(toml).unwrap_err();
        let (debug, told) = message(&error, error.message());
        assert_eq!(told, words, "{debug}");
        for rust in ["u64", "i64", "f64", "usize", "bool", "struct", "enum", "field", "variant", "invalid type"] {
            assert!(!told.contains(rust), "{told}");
        }
    }

    #[test]
    fn types_of_rust_are_named_by_what_people_write() {
        check("whole = 'x'", "this must be a whole number from 0 to 2^63 - 1, but is the text \"x\"");
        check("whole = -1", "this must be a whole number from 0 to 2^63 - 1, but is -1");
        check("whole = 1e300", "this must be a whole number from 0 to 2^63 - 1, but is 1e300");
        check("signed = true", "this must be a whole number, but is true");
        check("real = [1]", "this must be a number, but is a list");
        check("real = 'x, expected y'", "this must be a number, but is the text \"x, expected y\"");
        check("flag = 1", "this must be true or false, but is 1");
        check("text = 3", "this must be a text, but is 3");
        check("list = 3", "this must be a list, but is 3");
        check("list = [1.0, 'x']", "this must be a number, but is the text \"x\"");
        check("pair = [1]", "this must be a list of 2, but holds 1");
        check("inner = 5", "this must be a table of keys, but is 5");
        check("word = 'three'", "`three` is not known here; known are `one` or `two`");
        check("word = 3", "this must be one of the words known here");
        check("inner = {}", "the key `needed` is missing");
        check("tagged = { kind = 'some', count = -3 }", "this must be a whole number from 0 to 2^63 - 1, but is -3");
        check("tagged = { kind = 'none' }", "`none` is not known here; known are `some`");
    }

    #[test]
    fn json_keeps_its_place() {
        let told = |json: &str| plain(&serde_json::from_str::<Thing>(json).unwrap_err().to_string());
        let wrong = told("{\"whole\": \"x\"}");
        assert_eq!(wrong, "this must be a whole number from 0 to 2^63 - 1, but is the text \"x\" at line 1 column 13");
        assert_eq!(told("{\"inner\": {}}"), "the key `needed` is missing at line 1 column 12");
        assert_eq!(told("{"), "EOF while parsing an object at line 1 column 1");
        assert!(told("{\"flag\": null}").starts_with("this must be true or false, but is nothing at line 1"));
    }
}

//! Words that several commands print: what went wrong with all its causes, counted things, and commands that can be copied
//! into a shell.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::cli::Setting;

/// An error and what led to it, each said once. Some crates repeat their cause in their own text.
pub fn chain(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

/// `1 thread`, `2 minibatches`.
pub fn count(number: i64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {}", plural(what)) }
}

/// `minibatches`, `boxes`, `entries`, `days`.
pub fn plural(what: &str) -> String {
    // An epoch ends in a k.
    if ["s", "x", "ch", "sh"].iter().any(|end| what.ends_with(end)) && !what.ends_with("och") {
        return format!("{what}es");
    }
    match what.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u'])) {
        Some(stem) => format!("{stem}ies"),
        None => format!("{what}s"),
    }
}

/// A word as a POSIX shell reads it back, byte by byte. What no terminal shows stands as octal numbers.
pub fn quote(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref();
    let printable = word.to_str().filter(|text| !text.chars().any(char::is_control));
    if let Some(quoted) = printable.and_then(|text| shlex::try_quote(text).ok()) {
        return quoted.into_owned();
    }
    let octal = |&byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"$(printf '{}')\"", word.as_bytes().iter().map(octal).collect::<String>())
}

/// A command of this program that can be copied into a shell.
#[derive(Debug, Clone)]
pub struct Suggested(String);

impl Suggested {
    /// `cargo xtask NAME`, or `minibatch NAME` where that is what the user typed.
    pub fn new(name: &str) -> Suggested {
        Suggested(format!("{} {name}", crate::places::program()))
    }

    /// The command `name` of the program that lies at `program`.
    pub fn of(program: &Path, name: &str) -> Suggested {
        Suggested(format!("{} {name}", quote(program)))
    }

    /// With a word that names something.
    pub fn word(self, word: impl AsRef<OsStr>) -> Suggested {
        Suggested(format!("{} {}", self.0, quote(word)))
    }

    /// With a path, which is no option even if it begins like one.
    pub fn path(self, path: &Path) -> Suggested {
        let is_like_option = path.as_os_str().as_bytes().starts_with(b"-");
        if is_like_option { self.word(Path::new(".").join(path)) } else { self.word(path) }
    }

    /// With an option, where it has a value.
    pub fn option(self, name: &str, value: Option<impl AsRef<OsStr>>) -> Suggested {
        let Some(value) = value else { return self };
        let value = value.as_ref();
        // A value that begins with a dash is taken for the next option unless it is tied to its own.
        if value.as_bytes().starts_with(b"-") {
            return Suggested(format!("{} {name}={}", self.0, quote(value)));
        }
        Suggested(format!("{} {name}", self.0)).word(value)
    }

    /// With changes of the recipe.
    pub fn set(self, settings: &[Setting]) -> Suggested {
        settings.iter().fold(self, |line, Setting { key, value }| {
            let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
            let key = if is_plain { key.clone() } else { quote(key) };
            Suggested(format!("{line} --set {key}={}", quote(value)))
        })
    }
}

impl fmt::Display for Suggested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

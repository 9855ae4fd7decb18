//! Words that commands print: plurals, quotes that a shell reads back, causes said once.

use anyhow::Context;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;
use xtask::cli::Setting;
use xtask::words::{Suggested, chain, count, quote};

#[test]
fn counted_things_take_their_plural() {
    let words = ["thread", "minibatch", "epoch", "class", "box", "entry", "day"];
    let two = ["2 threads", "2 minibatches", "2 epochs", "2 classes", "2 boxes", "2 entries", "2 days"];
    assert_eq!(words.map(|word| count(2, word)), two);
    assert_eq!([count(1, "minibatch"), count(0, "minibatch")], ["1 minibatch", "0 minibatches"]);
}

/// A shell must read back the very bytes.
#[test]
fn a_shell_reads_a_quoted_word_back() {
    for word in
        ["", "runs/lenet", "a b", "it's", "$HOME", "`id`", "a\"b", "x;y", "~", "*", "-x", "a\nb", "\u{1b}[31m", "müde"]
    {
        assert_read_back(word.into());
    }
    assert_read_back(OsString::from_vec(vec![b'a', 0xff, b' ', b'\'', 1]));
}

fn assert_read_back(word: OsString) {
    let quoted = quote(&word);
    assert!(!quoted.chars().any(char::is_control), "{quoted:?}");
    let said = Command::new("sh").args(["-c", &format!("printf %s {quoted}")]).output().unwrap().stdout;
    assert_eq!(said, word.as_bytes(), "{quoted}");
}

#[test]
fn a_suggested_command_keeps_its_words_apart() {
    let setting = |text: &str| text.parse::<Setting>().unwrap();
    let line = Suggested::new("train")
        .option("--resume", Some(Path::new("my runs/a")))
        .option("--data", None::<&Path>)
        .set(&[setting("epochs=3"), setting("model.hidden=[30, 20]")]);
    assert_eq!(line.to_string(), "cargo xtask train --resume 'my runs/a' --set epochs=3 --set model.hidden='[30, 20]'");
    assert_eq!(Suggested::new("eval").path(Path::new("-a")).to_string(), "cargo xtask eval ./-a");
    let tied = Suggested::new("train").option("--data", Some("-d"));
    assert_eq!(tied.to_string(), "cargo xtask train --data=-d");
}

#[test]
fn a_cause_that_an_error_repeats_is_said_once() {
    #[derive(Debug, thiserror::Error)]
    #[error("the encoder failed: {0}")]
    struct Repeats(#[source] std::io::Error);
    let denied = || std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let told = chain(&anyhow::Error::from(Repeats(denied())).context("cannot write a.png"));
    assert_eq!(told, "cannot write a.png: the encoder failed: permission denied");
    let plain = Err::<(), _>(denied()).context("cannot read b").unwrap_err();
    assert_eq!(chain(&plain), "cannot read b: permission denied");
}

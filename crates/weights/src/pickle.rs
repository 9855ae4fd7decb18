//! What a pickle would call if Python loaded it. Nothing is executed here either way; a file that would run more than what tensors
//! need is refused, so that nobody goes on to open it elsewhere.

use std::collections::HashMap;

/// Functions and classes that checkpoints need, as `torch.load(weights_only=True)` has them, and such that hold plain settings.
const HARMLESS: [(&str, &[&str]); 13] = [
    ("collections", &["OrderedDict", "Counter", "defaultdict"]),
    (
        "torch._utils",
        &[
            "_rebuild_tensor",
            "_rebuild_tensor_v2",
            "_rebuild_tensor_v3",
            "_rebuild_parameter",
            "_rebuild_parameter_with_state",
            "_rebuild_qtensor",
            "_rebuild_sparse_tensor",
        ],
    ),
    ("torch._tensor", &["_rebuild_from_type_v2", "Tensor"]),
    ("torch.nn.parameter", &["Parameter", "Buffer"]),
    ("torch.storage", &["UntypedStorage", "TypedStorage", "_UntypedStorage"]),
    ("torch.serialization", &["_get_layout"]),
    ("numpy", &["dtype", "ndarray"]),
    ("numpy.core.multiarray", &["scalar", "_reconstruct"]),
    ("numpy._core.multiarray", &["scalar", "_reconstruct"]),
    ("_codecs", &["encode"]),
    ("argparse", &["Namespace"]),
    ("pathlib", &["PosixPath", "WindowsPath", "Path"]),
    (
        "builtins",
        &["set", "frozenset", "slice", "int", "float", "bool", "complex", "bytearray", "dict", "list", "tuple"],
    ),
];
/// Classes and types of the module `torch` itself that checkpoints name; its functions are none of them.
const OF_TORCH: [&str; 5] = ["Size", "device", "Tensor", "strided", "channels_last"];

/// The first function or class, as `module.name`, that no tensor needs; `None` where there is none. `pickles` bounds how many pickles
/// that follow one another are looked at. What is no pickle ends the search: reading it will say so.
pub(crate) fn suspicious(bytes: &[u8], pickles: usize) -> Option<String> {
    let mut walk = Walk { rest: bytes, memo: HashMap::new(), last: [const { None }; 2] };
    for _ in 0..pickles {
        match walk.one() {
            Some(Found::End) => {}
            Some(Found::Call(name)) => return Some(name),
            None => break,
        }
    }
    None
}

fn is_harmless(module: &str, name: &str) -> bool {
    let is_type = |name: &str| {
        let kinds =
            ["float", "bfloat", "int", "uint", "complex", "double", "half", "long", "short", "bool", "qint", "quint"];
        kinds.iter().any(|kind| name.strip_prefix(kind).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit())))
    };
    if module == "torch" || module == "torch.cuda" {
        return OF_TORCH.contains(&name) || is_type(name) || name.strip_suffix("Storage").is_some_and(is_word);
    }
    let module = if module == "__builtin__" { "builtins" } else { module };
    HARMLESS.iter().any(|(known, names)| *known == module && names.contains(&name))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

enum Found {
    End,
    Call(String),
}

/// Goes through operations, of which only names are understood.
struct Walk<'a> {
    rest: &'a [u8],
    /// Texts that were put aside, by number; `None` for other values.
    memo: HashMap<u64, Option<String>>,
    /// The last two values, where they are texts.
    last: [Option<String>; 2],
}

impl Walk<'_> {
    /// Up to the end of a pickle or the first suspicious name; `None` where the bytes are no pickle.
    fn one(&mut self) -> Option<Found> {
        self.memo.clear();
        loop {
            match self.take(1)?[0] {
                b'.' => return Some(Found::End),
                b'c' | b'i' => {
                    let (module, name) = (self.line()?, self.line()?);
                    if !is_harmless(&module, &name) {
                        return Some(Found::Call(format!("{module}.{name}")));
                    }
                    self.push(None);
                }
                0x93 => {
                    let [name, module] = [self.last[1].take(), self.last[0].take()];
                    let called = module.zip(name);
                    if !called.as_ref().is_some_and(|(module, name)| is_harmless(module, name)) {
                        let hidden = || "a function whose name it hides".to_owned();
                        return Some(Found::Call(
                            called.map_or_else(hidden, |(module, name)| format!("{module}.{name}")),
                        ));
                    }
                    self.push(None);
                }
                0x82..=0x84 => return Some(Found::Call("a registered extension".to_owned())),
                operation => self.other(operation)?,
            }
        }
    }

    fn other(&mut self, operation: u8) -> Option<()> {
        match operation {
            b'q' => self.put(1)?,
            b'r' => self.put(4)?,
            b'h' => self.get(1)?,
            b'j' => self.get(4)?,
            0x94 => {
                let place = self.memo.len() as u64;
                self.memo.insert(place, self.last[1].clone());
            }
            b'p' => {
                let place = self.line()?.parse().ok()?;
                self.memo.insert(place, self.last[1].clone());
            }
            b'g' => {
                let place = self.line()?.parse().ok()?;
                let text = self.memo.get(&place).cloned().flatten();
                self.push(text);
            }
            b'V' | b'S' => {
                let text = self.line()?.trim_matches(['\'', '"']).to_owned();
                self.push(Some(text));
            }
            b'U' | 0x8c => self.text(1)?,
            b'X' | b'T' => self.text(4)?,
            0x8d => self.text(8)?,
            b'F' | b'I' | b'L' | b'P' => {
                self.line()?;
                self.push(None);
            }
            b'C' | 0x8a => self.skip_counted(1)?,
            b'B' | 0x8b => self.skip_counted(4)?,
            0x8e | 0x96 => self.skip_counted(8)?,
            // The protocol and the length of a frame are no values.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'K' => self.skip(1)?,
            b'M' => self.skip(2)?,
            b'J' => self.skip(4)?,
            b'G' => self.skip(8)?,
            b'('
            | b'0'
            | b'1'
            | b'2'
            | b'N'
            | b'R'
            | b'Q'
            | b'a'
            | b'b'
            | b'd'
            | b'}'
            | b'e'
            | b'l'
            | b']'
            | b'o'
            | b's'
            | b't'
            | b')'
            | b'u'
            | 0x81
            | 0x85..=0x89
            | 0x8f..=0x92
            | 0x97
            | 0x98 => self.push(None),
            _ => return None,
        }
        Some(())
    }

    fn push(&mut self, text: Option<String>) {
        self.last = [self.last[1].take(), text];
    }

    fn put(&mut self, width: usize) -> Option<()> {
        let place = self.number(width)?;
        self.memo.insert(place, self.last[1].clone());
        Some(())
    }

    fn get(&mut self, width: usize) -> Option<()> {
        let place = self.number(width)?;
        let text = self.memo.get(&place).cloned().flatten();
        self.push(text);
        Some(())
    }

    /// A text behind its length of `width` bytes.
    fn text(&mut self, width: usize) -> Option<()> {
        let length = usize::try_from(self.number(width)?).ok()?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Some(text));
        Some(())
    }

    fn skip_counted(&mut self, width: usize) -> Option<()> {
        let length = usize::try_from(self.number(width)?).ok()?;
        self.skip(length)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.take(bytes)?;
        self.push(None);
        Some(())
    }

    fn number(&mut self, width: usize) -> Option<u64> {
        Some(self.take(width)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn line(&mut self) -> Option<String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n')?;
        let line = self.take(end + 1)?;
        Some(String::from_utf8_lossy(&line[..end]).trim_end_matches('\r').to_owned())
    }

    fn take(&mut self, bytes: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pickles of Python 3.11's `pickle.dumps`.
    #[test]
    fn names_are_found_in_all_protocols() {
        let calls_system: [&[u8]; 3] = [
            // Protocols 0, 2 and 4 of a class whose __reduce__ is (os.system, ("true",)).
            b"cposix\nsystem\np0\n(Vtrue\np1\ntp2\nRp3\n.",
            b"\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.",
            b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
        ];
        for pickle in calls_system {
            assert_eq!(suspicious(pickle, 1).as_deref(), Some("posix.system"));
            let behind = [b"\x80\x02K\x01.", pickle].concat();
            assert_eq!(suspicious(&behind, 1), None, "only the first is looked at");
            assert_eq!(suspicious(&behind, 2).as_deref(), Some("posix.system"));
        }
        // An OrderedDict, by protocol 4, and a text that only looks like a call.
        let ordered = b"\x80\x04\x95\x22\x00\x00\x00\x00\x00\x00\x00\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94.";
        assert_eq!(suspicious(ordered, 1), None);
        assert_eq!(suspicious(b"\x80\x02X\x10\x00\x00\x00cposix\nsystem\nR.q\x00.", 1), None);
        assert_eq!(suspicious(b"\x80\x02\x82\x01.", 1).as_deref(), Some("a registered extension"));
    }

    #[test]
    fn functions_of_torch_are_no_types() {
        for (module, name) in [
            ("torch", "FloatStorage"),
            ("torch", "float32"),
            ("torch", "bfloat16"),
            ("torch.cuda", "HalfStorage"),
            ("torch", "Size"),
        ] {
            assert!(is_harmless(module, name), "{module}.{name}");
        }
        for (module, name) in [("torch", "load"), ("torch.hub", "load"), ("torch", "hub.Storage"), ("builtins", "eval")]
        {
            assert!(!is_harmless(module, name), "{module}.{name}");
        }
    }
}

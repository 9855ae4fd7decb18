//! `predict` and the commands beside it on what people really have: bad pictures among good ones, folders, lists, other
//! formats, hostile names.

use crate::pictures::{folder, glyph, trained};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a finished process left.
struct Done {
    status: i32,
    out: String,
    err: String,
}

/// Runs the program on the CPU with `input` on its standard input.
fn run_with(args: &[&OsStr], input: &[u8]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minibatch"));
    command.args(args).env("OMP_NUM_THREADS", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Whoever does not read its input closes it.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Done {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(args: &[&str]) -> Done {
    run_with(&args.iter().map(OsStr::new).collect::<Vec<_>>(), b"")
}

fn json(done: &Done) -> serde_json::Value {
    serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}{}", done.out, done.err))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Nothing but lines, and letters that are seen.
fn assert_harmless(text: &str) {
    let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(steers), "{text:?}");
}

#[test]
fn a_bad_picture_costs_no_other_its_answer() {
    let place = folder("bad-among-good");
    let (first, _) = glyph(&place, 1);
    let (last, _) = glyph(&place, 2);
    let bad = place.join("bad.png");
    fs::write(&bad, "not a picture").unwrap();
    let missing = place.join("missing.png");
    let run_folder = trained("softmax");

    let done = run(&["predict", &run_folder, &first, text(&bad), text(&missing), &last, "--top", "1"]);
    assert_eq!(done.status, 1);
    let heads: Vec<&str> = done.out.lines().filter(|line| line.contains("28 x 28 pixels")).collect();
    assert!(heads.len() == 2 && heads[0].starts_with(&first) && heads[1].starts_with(&last), "{}", done.out);
    let errors: Vec<&str> = done.err.lines().collect();
    assert!(errors.len() == 2 && errors[0].contains("bad.png") && errors[1].contains("missing.png"), "{}", done.err);

    let done = run(&["predict", &run_folder, &first, text(&bad), text(&missing), &last, "--json"]);
    assert_eq!((done.status, done.err.as_str()), (1, ""));
    let answers = json(&done);
    let answers = answers["pictures"].as_array().unwrap();
    let errors: Vec<&str> = answers.iter().map(|it| it["error"].as_str().unwrap_or_default()).collect();
    assert!(errors[1].contains("it is text, no picture") && errors[2].contains("No such file"), "{errors:?}");
    for (i, (answer, path)) in answers.iter().zip([&first, text(&bad), text(&missing), &last]).enumerate() {
        assert_eq!((answer["picture"].as_str(), answer["argument"].as_u64()), (Some(path), Some(i as u64 + 1)));
        assert_eq!(answer["classes"].is_array(), errors[i].is_empty());
    }
    let alone = json(&run(&["predict", &run_folder, &last, "--json"]));
    assert_eq!(alone["pictures"][0]["classes"], answers[3]["classes"]);
}

#[test]
fn the_commands_that_draw_go_on_after_a_bad_picture() {
    let place = folder("bad-drawn");
    let (first, _) = glyph(&place, 1);
    let (last, _) = glyph(&place, 2);
    let bad = place.join("bad.jpg");
    fs::write(&bad, "").unwrap();
    let run_folder = trained("softmax");
    for command in ["explain", "features", "convolve"] {
        let out = place.join(command);
        let run_folder = if command == "convolve" { vec![] } else { vec![run_folder.as_str()] };
        let ends = ["--device", "cpu", "--out", text(&out)];
        let done = run(&[&[command], &run_folder[..], &[first.as_str(), text(&bad), last.as_str()], &ends].concat());
        assert_eq!(done.status, 1, "{command}: {}{}", done.out, done.err);
        assert!(done.err.lines().count() == 1 && done.err.contains("bad.jpg is no picture"), "{}", done.err);
        for name in ["glyph-1", "glyph-2"] {
            assert!(out.join(format!("{command}-{name}.png")).exists(), "{command} {name}");
        }
    }
}

#[test]
fn folders_lists_and_patterns_are_taken() {
    let place = folder("scans");
    fs::create_dir_all(place.join("deep")).unwrap();
    let (second, _) = glyph(&place, 2);
    let (first, _) = glyph(&place.join("deep"), 1);
    fs::write(place.join("notes.txt"), "text").unwrap();
    fs::write(place.join(".hidden.png"), "").unwrap();
    let run_folder = trained("softmax");
    let asked = |argument: &str, input: &str| {
        let args = ["predict", &run_folder, argument, "--json"].map(OsStr::new);
        let done = run_with(&args, input.as_bytes());
        let answers = json(&done);
        let names = answers["pictures"].as_array().unwrap().iter().map(|it| it["picture"].as_str().unwrap().to_owned());
        (done.status, names.collect::<Vec<_>>(), answers)
    };
    let (status, names, answers) = asked(text(&place), "");
    assert_eq!((status, &names[..]), (0, &[first.clone(), second.clone()][..]));
    let folder = serde_json::json!({ "folder": text(&place), "argument": 1, "hidden": 1, "not_pictures": 1 });
    assert_eq!(answers["passed_over"], serde_json::json!([folder]));
    let (status, names, _) = asked("-", &format!("{second}\n{first}\n"));
    assert_eq!((status, names), (0, vec![second.clone(), first.clone()]));
    let (status, names, _) = asked(&format!("{}/**/*.png", place.display()), "");
    assert_eq!((status, names), (0, vec![first, second]));
    let (status, _, answers) = asked("https://example.org/7.png", "");
    let error = answers["pictures"][0]["error"].as_str().unwrap();
    assert!(status == 1 && error.contains("nothing is fetched"), "{error}");

    let done = run(&["predict", &run_folder, text(&place)]);
    assert!(done.err.contains("passed over 1 hidden file or folder and 1 file that is no picture"), "{}", done.err);
}

#[test]
fn many_pictures_are_answered_in_their_order() {
    let place = folder("many");
    let samples = tensor_data::glyphs::draw(600, 3).unwrap();
    for i in 0..600 {
        let path = place.join(format!("{i:03}.png"));
        image::save_buffer(path, samples.picture(i).0, 28, 28, image::ExtendedColorType::L8).unwrap();
    }
    let run_folder = trained("softmax");
    let all = json(&run(&["predict", &run_folder, text(&place), "--json", "--top", "10"]));
    let all = all["pictures"].as_array().unwrap();
    assert_eq!(all.len(), 600);
    for i in [0, 255, 256, 599] {
        let path = place.join(format!("{i:03}.png"));
        assert_eq!(all[i]["picture"], text(&path));
        let alone = json(&run(&["predict", &run_folder, text(&path), "--json", "--top", "10"]));
        for (a, b) in
            all[i]["classes"].as_array().unwrap().iter().zip(alone["pictures"][0]["classes"].as_array().unwrap())
        {
            let (a, b) = (a["probability"].as_f64().unwrap(), b["probability"].as_f64().unwrap());
            assert!((a - b).abs() < 1e-6, "{a} and {b}");
        }
    }
}

#[test]
fn huge_and_endless_files_are_refused_unread() {
    let place = folder("huge");
    let sparse = |name: &str, head: &[u8]| -> PathBuf {
        let path = place.join(name);
        fs::write(&path, head).unwrap();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 41).unwrap();
        path
    };
    let (hole, png) = (sparse("hole.png", b""), sparse("big.png", b"\x89PNG\r\n\x1a\n"));
    let pipe = place.join("pipe.png");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run_folder = trained("softmax");
    for (path, message) in [
        (text(&hole), "first bytes are those of no picture"),
        (text(&png), "more than 256 MB are not read"),
        ("/dev/zero", "is a device"),
        (text(&pipe), "is a pipe"),
    ] {
        for command in
            [&["predict", &run_folder][..], &["explain", &run_folder], &["features", &run_folder], &["convolve"]]
        {
            let done = run(&[command, &[path]].concat());
            assert_eq!(done.status, 1, "{path}: {}", done.err);
            assert!(done.err.contains(message) && done.err.lines().count() == 1, "{}", done.err);
        }
    }
}

#[test]
fn equal_stems_are_not_drawn_over_each_other() {
    let place = folder("equal-stems");
    for (name, seed) in [("a", 1), ("b", 2)] {
        fs::create_dir_all(place.join(name)).unwrap();
        let (path, _) = glyph(&place.join(name), seed);
        fs::rename(path, place.join(name).join("7.png")).unwrap();
    }
    let pictures = ["a", "b"].map(|name| place.join(name).join("7.png"));
    let run_folder = trained("softmax");
    for (command, parts) in [("explain", ["", "-saliency"]), ("features", ["", "-output"]), ("convolve", ["", ""])] {
        let out = place.join(command);
        let run_folder = if command == "convolve" { vec![] } else { vec![run_folder.as_str()] };
        let ends = [text(&pictures[0]), text(&pictures[1]), "--device", "cpu", "--out", text(&out)];
        let done = run(&[&[command], &run_folder[..], &ends].concat());
        assert_eq!(done.status, 0, "{}", done.err);
        for part in parts {
            let [a, b] = ["a", "b"].map(|name| fs::read(out.join(format!("{command}-{name}-7{part}.png"))).unwrap());
            assert!(a != b, "{command}{part}");
        }
    }
}

#[test]
fn control_characters_in_names_steer_nothing() {
    let place = folder("hostile");
    let (path, _) = glyph(&place, 1);
    let hostile = place.join("x\x1b[31m\nerror: done\u{202e}gnp.png");
    fs::rename(path, &hostile).unwrap();
    let bad = place.join("bad\x1b]0;title\x07\nfine.png");
    fs::write(&bad, "text").unwrap();
    let run_folder = trained("softmax");
    let out = place.join("out\x1b[2J");
    for command in [
        &["predict", &run_folder, text(&hostile), text(&bad)][..],
        &["predict", &run_folder, text(&hostile), text(&bad), "--json"],
        &["explain", &run_folder, text(&hostile), text(&bad), "--out", text(&out)],
        &["features", &run_folder, text(&hostile), text(&bad), "--out", text(&out)],
        &["convolve", text(&hostile), text(&bad), "--out", text(&out)],
        &["predict", text(&bad), text(&hostile)],
    ] {
        let done = run(command);
        assert_eq!(done.status, 1, "{command:?}: {}{}", done.out, done.err);
        assert_harmless(&done.out);
        assert_harmless(&done.err);
        assert!(done.err.lines().count() <= 1, "{}", done.err);
        if command.contains(&"--json") {
            assert_eq!(json(&done)["pictures"][0]["picture"], text(&hostile));
        }
    }
    let written: Vec<_> = fs::read_dir(&out).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(written.len() > 4);
    for name in written {
        assert_harmless(name.to_str().unwrap());
        assert!(!name.to_str().unwrap().contains('\n'), "{name:?}");
    }
}

#[test]
fn a_recipe_cannot_steer_terminal_or_log() {
    let place = folder("hostile-recipe");
    let recipe = place.join("evil\x1b[31m.toml");
    let words = r#"epochs = 1
learning_rate = 0.1
description = "wipes\u001b[2J\nerror: nothing\u202e"
data = { set = "glyphs", validation = 59000 }
minibatch = { size = 100 }
model = { kind = "softmax" }
"#;
    fs::write(&recipe, words).unwrap();
    let out = place.join("run\x1b[2J\nfine");
    let done = run(&["train", text(&recipe), "--device", "cpu", "--out", text(&out)]);
    assert_eq!(done.status, 0, "{}{}", done.out, done.err);
    let log = fs::read_to_string(out.join("log.txt")).unwrap();
    for said in [&done.out, &done.err, &log] {
        assert_harmless(said);
        assert!(said.lines().all(|line| !line.starts_with("error:") && !line.starts_with("fine")), "{said}");
    }
    assert!(done.out.contains(r"wipes\u{1b}[2J\nerror: nothing\u{202e}"), "{}", done.out);
    let broken = place.join("a\nerror: all is lost.toml");
    fs::write(&broken, "epochs = \"\x1b[2J\"").unwrap();
    let done = run(&["train", text(&broken)]);
    assert_harmless(&done.err);
    assert!(done.status == 2 && done.err.contains(r"a\nerror: all is lost.toml"), "{}", done.err);
    let done = run(&["eval", text(&place.join("none\x1b[2J\nfine"))]);
    assert_harmless(&done.err);
    assert!(done.status == 1 && done.err.lines().count() == 1, "{}", done.err);
}

#[test]
fn a_name_that_is_not_utf8_keeps_its_place() {
    let place = folder("not-utf8");
    let (path, _) = glyph(&place, 1);
    let odd = place.join(OsStr::from_bytes(b"odd\xff.png"));
    fs::copy(&path, &odd).unwrap();
    let run_folder = trained("softmax");
    let args: Vec<OsString> =
        ["predict".into(), run_folder.into(), path.clone().into(), odd.clone().into(), "--json".into()].into();
    let done = run_with(&args.iter().map(OsString::as_os_str).collect::<Vec<_>>(), b"");
    assert_eq!(done.status, 0, "{}", done.err);
    let answers = json(&done);
    let [plain, answer] = [0, 1].map(|i| &answers["pictures"][i]);
    assert_eq!(answer["argument"], 2);
    let bytes: String = odd.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(answer["picture_bytes"], bytes.as_str());
    assert!(plain.get("picture_bytes").is_none());
    assert_eq!(plain["classes"], answer["classes"]);
}

#[test]
fn other_formats_are_answered_or_named() {
    let data = std::env::var_os("MINIBATCH_DATA").map(PathBuf::from);
    let cases = data.and_then(|data| Some(data.parent()?.join("cases/predict"))).filter(|cases| cases.is_dir());
    let Some(cases) = cases else {
        eprintln!("SKIPPED: there is no folder cases/predict beside $MINIBATCH_DATA");
        return;
    };
    let done = run(&["predict", &trained("softmax"), text(&cases), "--json"]);
    assert_eq!(done.status, 1);
    let answers = json(&done);
    let mut named = 0;
    for answer in answers["pictures"].as_array().unwrap() {
        let name = Path::new(answer["picture"].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
        let error = answer["error"].as_str().unwrap_or_default();
        let expected = match name {
            "digit.svg" => "an SVG drawing: export it as PNG",
            "digit.heic" => "a picture of the kind HEIC",
            "digit.avif" => "a picture of the kind AVIF",
            "arith.jpg" => "a JPEG with arithmetic coding",
            "zeros_middle.jpg" => continue,
            _ => "",
        };
        assert!(error.contains(expected) && error.is_empty() == expected.is_empty(), "{name}: {error}");
        named += u64::from(!expected.is_empty());
        if name == "digit10in16.png" {
            assert!(answer["conversion"][0].as_str().unwrap().contains("from their 10 bits"), "{answer}");
        }
    }
    assert_eq!(named, 4);
}

//! The report: one file that loads nothing, says what the run saved, and works in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use assert_cmd::Command as Checked;
use serde_json::Value;
use tempfile::TempDir;
use tensor_data::glyphs;

use crate::runs::Place;

/// Markup that a report must show and not obey.
const DESCRIPTION: &str = "<img src=x onerror=alert(1)> & \"more\"";

/// Two small runs that all tests read: `one` with snapshots, `two` with another seed.
static RUNS: LazyLock<TempDir> = LazyLock::new(|| {
    let root = tempfile::tempdir().unwrap();
    for (name, seed, snapshots) in [("one", "1", "1"), ("two", "2", "0")] {
        let description = format!("description={DESCRIPTION}");
        let snapshots = format!("checkpoint.snapshots={snapshots}");
        let out = root.path().join(name);
        let args = ["train", "softmax", "--dataset", "glyphs", "--device", "cpu", "--epochs", "2", "--seed", seed];
        let train =
            minibatch().args(args).arg("--out").arg(&out).args(["--set", &description, "--set", &snapshots]).assert();
        let said = String::from_utf8(train.success().get_output().stdout.clone()).unwrap();
        let line = format!("report   {}/report.html", out.display());
        assert!(said.contains(&line), "the closing block names the report: {said}");
    }
    root
});

fn minibatch() -> Checked {
    let mut command = Checked::new(env!("CARGO_BIN_EXE_minibatch"));
    command.env("OMP_NUM_THREADS", "1");
    command
}

fn run(name: &str) -> PathBuf {
    RUNS.path().join(name)
}

fn page(folder: &Path) -> String {
    fs::read_to_string(folder.join("report.html")).unwrap()
}

fn summary(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

fn percent(value: &Value) -> String {
    format!("{:.2} %", value.as_f64().unwrap() * 100.0)
}

/// A copy of run `one` that a test may damage.
fn copy() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let status = Command::new("cp").arg("-r").arg(run("one")).arg(copy.path()).status();
    assert!(status.unwrap().success());
    fs::remove_file(copy.path().join("one/report.html")).unwrap();
    copy
}

/// Reports the run in `folder/one`; gives the page and what the command said.
fn reported(folder: &Path) -> (String, String) {
    let run = folder.join("one");
    let report = minibatch().arg("report").arg(&run).args(["--device", "cpu"]).assert().success();
    (page(&run), String::from_utf8(report.get_output().stdout.clone()).unwrap())
}

#[test]
fn the_report_is_one_small_file_that_loads_nothing() {
    let page = page(&run("one"));
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    for address in ["http:", "https:", "//cdn", "@import", "<link", "<iframe", " src=\"", " href=\""] {
        assert!(!page.contains(address), "{address}");
    }
    for (start, _) in page.match_indices("url(") {
        assert!(page[start..].starts_with("url(data:image/png;base64,"), "{}", &page[start..start + 60]);
    }
    assert!(page.contains("default-src 'none'"), "the page forbids itself to load anything");
}

#[test]
fn the_report_shows_the_figures_of_the_summary() {
    let (page, summary) = (page(&run("one")), summary(&run("one")));
    let test_error = percent(&summary["test_error"]);
    for figure in [&test_error, &percent(&summary["best_validation_error"]), "7,850", "2.11.0"] {
        assert!(page.contains(&format!(">{figure}<")), "{figure}");
    }
    let drawn = test_error.replace(' ', "\u{a0}");
    assert!(page.contains(&format!("Test set: {drawn} wrong of 10,000")), "the matrix agrees");
    let sections = ["headline", "curves", "mistakes", "confusion", "classes", "calibration", "filters", "recipe"];
    for section in sections.into_iter().chain(["parameters", "environment"]) {
        assert!(page.contains(&format!("<section id=\"{section}\"")), "{section}");
    }
    for moment in ["epoch 0", "epoch 1", "epoch 2"] {
        assert!(page.contains(&format!("<th scope=\"row\">{moment}</th>")), "{moment}");
    }
}

#[test]
fn text_from_a_recipe_is_shown_and_not_obeyed() {
    let page = page(&run("one"));
    assert!(!page.contains("<img") && page.contains("&#60;img src=x onerror=alert(1)&#62; &#38;"));
}

#[test]
fn several_runs_stand_side_by_side_with_their_differences_highlighted() {
    let out = tempfile::tempdir().unwrap();
    let mut report = minibatch();
    report.arg("report").args([run("one"), run("two")]).args(["--device", "cpu", "--out"]).arg(out.path());
    report.assert().success();
    let page = page(out.path());
    for name in ["one", "two"] {
        assert!(page.contains(&percent(&summary(&run(name))["test_error"])), "{name}");
        assert!(page.contains(&format!("<h3><bdi>{name}</bdi></h3>")), "{name}");
    }
    assert!(page.contains("2 keys differ"), "seed and checkpoint.snapshots");
    for (key, differs) in [("seed", true), ("checkpoint.snapshots", true), ("epochs", false), ("learning_rate", false)]
    {
        let row = format!("<tr class=\"differs\"><th scope=\"row\">{key}</th>");
        assert_eq!(page.contains(&row), differs, "{key}");
    }
}

#[test]
fn a_run_that_was_interrupted_is_reported_without_test_figures() {
    let check = |damage: fn(&Path), line: &str| {
        let folder = copy();
        damage(&folder.path().join("one"));
        let (page, said) = reported(folder.path());
        assert!(said.lines().any(|l| l.starts_with("note") && l.contains(line)), "{said}");
        assert!(page.contains(line), "{line}");
        assert!(page.contains("id=\"curves\"") && !page.contains("id=\"confusion\""), "{line}");
    };
    check(|run| fs::remove_file(run.join("summary.json")).unwrap(), "training has not ended");
    let interrupt = |run: &Path| {
        let mut saved = summary(run);
        saved["test_error"] = Value::Null;
        saved["stopped_by"] = "interrupted".into();
        fs::write(run.join("summary.json"), saved.to_string()).unwrap();
    };
    check(interrupt, "the test set has not been looked at");
    check(|run| fs::remove_dir_all(run.join("best")).unwrap(), "holds no checkpoint best/");
}

#[test]
fn a_missing_table_leaves_out_the_curves_and_says_so() {
    let folder = copy();
    fs::remove_file(folder.path().join("one/metrics.csv")).unwrap();
    let (page, said) = reported(folder.path());
    assert!(said.contains("the curves are left out") && said.contains("metrics.csv"), "{said}");
    assert!(!page.contains("id=\"curves\"") && page.contains("id=\"confusion\""));
}

#[test]
fn a_damaged_snapshot_leaves_out_the_filters_and_says_so() {
    let folder = copy();
    fs::write(folder.path().join("one/snapshots/epoch-0001/model.safetensors"), "").unwrap();
    let (page, said) = reported(folder.path());
    assert!(said.contains("the filters are left out") && said.contains("epoch-0001"), "{said}");
    assert!(!page.contains("filters-0") && page.contains("id=\"confusion\""));
}

#[test]
fn a_folder_that_is_no_run_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let report = minibatch().arg("report").arg(folder.path()).assert().code(1);
    let said = String::from_utf8(report.get_output().stderr.clone()).unwrap();
    assert!(said.lines().count() == 1 && said.contains("is not the folder of a run"), "{said}");
}

#[test]
fn training_does_not_fail_for_its_report() {
    let folder = copy();
    let run = folder.path().join("one");
    fs::create_dir(run.join("report.html")).unwrap();
    let train = minibatch().args(["train", "--epochs", "3", "--device", "cpu", "--resume"]).arg(&run).assert();
    let said = String::from_utf8(train.success().get_output().stdout.clone()).unwrap();
    assert!(said.contains("report   not written: cannot write"), "{said}");
    assert_eq!(summary(&run)["epochs"], 3);
}

/// A recipe that is trained in a moment.
const QUICK: &str = r#"
epochs = 2
learning_rate = 0.05
data = { set = "mnist", validation = 200 }
minibatch = { size = 50 }
model = { kind = "softmax" }
"#;

/// 300 test pictures that are none of a place's own.
fn others(place: &Place, folder: &str) {
    place.pictures(folder, &glyphs::draw(1200, 1).unwrap(), &glyphs::draw(300, 9).unwrap());
}

/// The confusion matrix of the run, as its title says it.
fn assert_own_matrix(place: &Place, page: &str, run: &str) {
    let error = percent(&place.json(&format!("{run}/summary.json"))["test_error"]).replace(' ', "\u{a0}");
    assert!(page.contains(&format!("Test set: {error} wrong of 300")), "{run}");
}

/// A run made with `--data`, whose pictures are gone: the report says so, and shows what the run recorded.
#[test]
fn a_report_fetches_nothing_and_writes_no_lock() {
    let place = Place::new();
    place.recipe("quick", QUICK);
    fs::rename(place.path("data"), place.path("elsewhere")).unwrap();
    place.good("train {}/quick.toml --device cpu --data {}/elsewhere --out {}/run");
    fs::rename(place.path("elsewhere"), place.path("moved")).unwrap();

    let done = place.good("report {}/run --device cpu");
    assert_eq!(done.err, "", "nothing is retried");
    assert!(!place.path("ws/data").exists() && !place.path("data").exists(), "no lock file is left");
    let page = place.text("run/report.html");
    assert_own_matrix(&place, &page, "run");
    for said in [&done.out, &page] {
        assert!(said.contains("the test pictures are left out: they were not found, looked in "), "{said}");
    }
    assert!(page.contains("data/mnist") && !page.contains("gallery-0"), "the places are named, no sheet is drawn");

    let done = place.good("report {}/run --device cpu --data {}/moved");
    assert!(!done.out.contains("left out"), "{done:?}");
    assert!(place.text("run/report.html").contains("gallery-0"));
}

#[test]
fn pictures_of_another_set_are_not_shown() {
    let place = Place::new();
    place.recipe("quick", QUICK);
    place.good("train {}/quick.toml --device cpu --out {}/run");
    fs::rename(place.path("data/mnist"), place.path("own")).unwrap();
    others(&place, "data/mnist");
    let done = place.good("report {}/run --device cpu");
    let page = place.text("run/report.html");
    assert_own_matrix(&place, &page, "run");
    for said in [&done.out, &page] {
        assert!(said.contains("not the pictures that this run was tested on"), "{said}");
    }
    assert!(!page.contains("gallery-0"), "no sheet of pictures is drawn");

    // As if the run were of a version that recorded no matrix: nothing is made up from the others.
    let mut summary = place.json("run/summary.json");
    summary["confusion"] = Value::Array(Vec::new());
    fs::write(place.path("run/summary.json"), summary.to_string()).unwrap();
    place.good("report {}/run --device cpu");
    assert!(!place.text("run/report.html").contains("id=\"confusion\""));
    fs::remove_dir_all(place.path("data/mnist")).unwrap();
    fs::rename(place.path("own"), place.path("data/mnist")).unwrap();
    place.good("report {}/run --device cpu");
    assert_own_matrix(&place, &place.text("run/report.html"), "run");
}

/// Two equal runs, and one on other pictures, all in folders of one name.
#[test]
fn the_best_is_marked_within_a_data_set() {
    let place = Place::new();
    place.recipe("quick", QUICK);
    others(&place, "other/mnist");
    place.good("train {}/quick.toml --device cpu --out {}/a/run");
    place.good("train {}/quick.toml --device cpu --out {}/b/run");
    place.good("train {}/quick.toml --device cpu --data {}/other --out {}/c/run");
    let done = place.good("report {}/a/run {}/b/run {}/c/run {}/a/../a/run --device cpu --data {}/other --out {}/out");
    assert!(done.out.contains("was given twice and is shown once"), "{done:?}");
    let page = place.text("out/report.html");
    assert!(page.contains("3 runs side by side"));
    for name in ["a/run", "b/run", "c/run"] {
        assert!(page.contains(&format!("<th scope=\"col\">{name}</th>")), "{name}");
    }
    let cells = |name: &str| -> Vec<&str> {
        let row = page.split_once(&format!("<bdi>{name}</bdi></th>")).unwrap().1.split_once("</tr>").unwrap().0;
        row.split("<td").skip(1).collect()
    };
    for (name, is_best) in [("a/run", true), ("b/run", true), ("c/run", false)] {
        let (error, validation) = (cells(name)[1], cells(name)[5 - 1]);
        assert_eq!([error, validation].map(|cell| cell.contains("class=\"best\"")), [is_best; 2], "{name}");
    }
    let differences = ["a/run", "b/run", "c/run"].map(|name| cells(name)[3].split_once('>').unwrap().1);
    assert_eq!(differences, ["baseline</td>", "+0.00 points ~</td>", "–</td>"]);
    assert!(page.contains("not tested on the same pictures"));
    for line in ["mnist (1), 300 test pictures: a/run, b/run", "mnist (2), 300 test pictures: c/run"] {
        assert!(page.contains(line) && done.out.contains(line), "{line}: {done:?}");
    }
}

#[test]
fn markdown_has_the_figures_and_two_drawings() {
    let out = tempfile::tempdir().unwrap();
    let mut report = minibatch();
    report.arg("report").arg(run("one")).args(["--device", "cpu", "--format", "md", "--out"]).arg(out.path());
    report.assert().success();
    let text = fs::read_to_string(out.path().join("report.md")).unwrap();
    assert!(
        text.contains(&format!("| **test error** | **{}** | 95 %: ", percent(&summary(&run("one"))["test_error"])))
    );
    assert!(text.contains("&lt;img src=x onerror=alert(1)&gt; &amp;") && !text.contains("<img"), "{text}");
    for name in ["report-error.svg", "report-confusion.svg"] {
        assert!(text.contains(&format!("]({name})")), "{name}");
        let drawing = fs::read_to_string(out.path().join(name)).unwrap();
        assert!(drawing.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{name}");
    }
}

#[test]
fn a_card_lies_beside_the_best_model() {
    let card = fs::read_to_string(run("one").join("best/README.md")).unwrap();
    for part in ["## Data", "## Figures", "## Limits", "## Recipe", "## To use it", "(1, 28, 28)", "95 %: "] {
        assert!(card.contains(part), "{part}: {card}");
    }
    assert!(card.contains(&percent(&summary(&run("one"))["test_error"])) && !card.contains("<img"), "{card}");
}

#[test]
fn a_report_that_cannot_be_written_is_named() {
    // A folder of processes, in which not even root can make a file.
    let report = minibatch().arg("report").arg(run("one")).args(["--device", "cpu", "--out", "/proc/self"]).assert();
    let said = String::from_utf8(report.code(1).get_output().stderr.clone()).unwrap();
    assert!(said.starts_with("error: cannot write /proc/self/report.html: "), "{said}");
    assert!(!said.contains(".tmp"), "{said}");
}

//! `doctor`: what was found on this machine, and how to mend what is missing. It changes nothing and fetches nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Result;
use console::style;
use serde::Serialize;
use serde_json::Value;
use tensor_data::{catalog, survey};

use crate::cargo::{cargo, cxx_compiler};
use crate::cli::DoctorArgs;
use crate::places::{self, Home};
use crate::progress::{Spinner, print};
use crate::setup;
use crate::{shown, start};
use libtorch::disk::{free_bytes, size};
use libtorch::inspect::{Finding, Kind, VERSION};
use libtorch::search::{Choice, Wish};
use libtorch::shadow::{Own, VARIABLES};

/// How one line turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Good,
    /// Training works without it.
    Note,
    /// Training cannot work.
    Bad,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    state: State,
    found: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

fn good(name: &'static str, found: impl Into<String>) -> Line {
    Line { name, state: State::Good, found: found.into(), mend: None }
}

fn lacking(name: &'static str, state: State, found: impl Into<String>, mend: impl Into<String>) -> Line {
    Line { name, state, found: found.into(), mend: Some(mend.into()) }
}

/// `doctor`; exits 0 if training can work here, 1 if not.
///
/// # Errors
/// If standard output is closed.
pub fn run(args: &DoctorArgs) -> Result<ExitCode> {
    let lines = {
        let _spinner = Spinner::new("looking around");
        examine(args)
    };
    let can_train = lines.iter().all(|line| line.state != State::Bad);
    if args.output.json {
        print(serde_json::to_string_pretty(&serde_json::json!({ "can_train": can_train, "found": lines }))?)?;
    } else {
        for line in &lines {
            let mark = match line.state {
                State::Good => style("ok  ").green(),
                State::Note => style("note").yellow(),
                State::Bad => style("bad ").red().bold(),
            };
            print(format!("{mark} {:<12} {}", line.name, shown::word(&line.found)))?;
            if let Some(mend) = &line.mend {
                print(format!("                  {} {mend}", style("to mend:").bold()))?;
            }
        }
        print(if can_train { "\nTraining can work here." } else { "\nTraining cannot work here yet: see above." })?;
    }
    Ok(if can_train { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(args: &DoctorArgs) -> Vec<Line> {
    let mut lines = match places::home() {
        Home::Clone(folder) => vec![good("workspace", folder.display().to_string()), rust(), cxx()],
        Home::Installed(folder) => vec![good("installed in", folder.display().to_string())],
    };
    let libtorch = libtorch_line();
    // Python only matters while there is no libtorch yet.
    lines.push(python(libtorch.state != State::Bad));
    lines.push(libtorch);
    lines.extend(libraries());
    lines.extend(gpu());
    lines.extend(runner());
    lines.push(processor());
    for set in survey::all(&places::data_roots(&args.data)) {
        let until = if set.name == catalog::MNIST.name { "; until then recipes for mnist use glyphs" } else { "" };
        let mend = format!("{} data {}, or copy the four files there{until}", places::program(), set.name);
        let state = set.state();
        lines.push(if set.usable { good(set.name, state) } else { lacking(set.name, State::Note, state, mend) });
    }
    lines.extend(places::clone().map(|_| disk()));
    lines
}

/// First line of what a program prints.
fn says(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).lines().next().map(|line| line.trim().to_owned());
    text.filter(|text| output.status.success() && !text.is_empty())
}

fn rust() -> Line {
    let rustc = says(Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version"));
    match (rustc, says(&mut cargo(["--version"]))) {
        (Some(rustc), Some(cargo)) => good("rust", format!("{rustc}; {cargo}")),
        _ => lacking("rust", State::Bad, "rustc or cargo does not start", "install Rust with rustup"),
    }
}

fn cxx() -> Line {
    match cxx_compiler() {
        Ok(path) => {
            let about = says(Command::new(&path).arg("--version")).unwrap_or_default();
            good("C++ compiler", format!("{} ({about})", path.display()))
        }
        Err(error) => lacking("C++ compiler", State::Bad, "none", error.to_string()),
    }
}

fn python(libtorch_is_there: bool) -> Line {
    match setup::pip() {
        Ok(pip) => good("Python", pip.about),
        Err(error) if libtorch_is_there => {
            lacking("Python", State::Note, "no Python with pip; not needed, libtorch is there", error.to_string())
        }
        Err(error) => lacking("Python", State::Bad, "no Python with pip", error.to_string()),
    }
}

fn libtorch_line() -> Line {
    let name = "libtorch";
    let link = setup::link();
    let choice = match setup::choose(Wish::default()) {
        Ok(choice) => choice,
        Err(error) => return lacking(name, State::Bad, "cannot be used", format!("{error:#}")),
    };
    match choice {
        Choice::Keep(kind) => {
            let folder = fs::canonicalize(&link).unwrap_or(link);
            let found = format!("{VERSION} ({}), {}", kind.title(), folder.display());
            match setup::verify(&folder) {
                Some(Ok(())) => good(name, format!("{found}, verified")),
                Some(Err(damage)) => lacking(
                    name,
                    State::Bad,
                    format!("{found}, damaged: {damage}"),
                    format!("{} setup --force", places::program()),
                ),
                None => good(name, format!("{found}, not from the cache")),
            }
        }
        Choice::Link { folder, kind, source } => {
            let found = format!("{VERSION} ({}) from {source}: {}", kind.title(), folder.display());
            lacking(
                name,
                State::Note,
                format!("{found}, not linked yet"),
                format!("{} setup (or any other command)", places::program()),
            )
        }
        Choice::Fetch { kind, damage } => {
            let why = match (damage, setup::state()) {
                (Some(damage), _) | (None, Finding::Broken(damage)) => format!("damaged: {damage}"),
                (None, Finding::Wrong(version)) => {
                    format!("found {version} at {}, need {VERSION}", link.display())
                }
                (None, _) => "none yet".to_owned(),
            };
            let mend =
                format!("{} setup fetches the one for {}; other commands do so too", places::program(), kind.title());
            lacking(name, State::Bad, why, mend)
        }
    }
}

/// Files of another libtorch that the environment shows to the dynamic linker.
fn libraries() -> Option<Line> {
    const NAMED: usize = 6;
    let own = Own::of(&setup::link());
    let told = |(variable, separators): (&'static str, &[u8])| {
        let files = own.shadows(&std::env::var_os(variable)?, separators);
        let names: Vec<String> = files.iter().take(NAMED).map(|file| file.display().to_string()).collect();
        let more = files.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!files.is_empty()).then(|| (variable, format!("{variable} shows {}{more}", names.join(", "))))
    };
    let (variables, found): (Vec<_>, Vec<_>) = VARIABLES.into_iter().filter_map(told).unzip();
    let mend = format!(
        "if the runner does not start, unset {}; it looks into its own libtorch before LD_LIBRARY_PATH, and LD_PRELOAD comes \
         before both",
        variables.join(" and ")
    );
    (!found.is_empty())
        .then(|| lacking("libraries", State::Note, format!("of another libtorch: {}", found.join("; ")), mend))
}

fn gpu() -> Option<Line> {
    let driver = setup::nvidia_driver()?;
    if setup::state() == Finding::Good(Kind::Cpu) {
        let found = format!("{driver}, but the libtorch in use is for the CPU alone");
        return Some(lacking("GPU", State::Note, found, format!("{} setup --cuda", places::program())));
    }
    Some(good("GPU", driver))
}

/// Whether the runner is built, and what libtorch says through it.
fn runner() -> Vec<Line> {
    let name = "runner";
    let Some(path) = start::expected().filter(|path| path.exists()) else {
        return vec![lacking(name, State::Note, "not there yet", made_by("the first"))];
    };
    let probe = match probe(&mut Command::new(&path)) {
        Ok(probe) => probe,
        Err(said) => return vec![does_not_start(name, &path, &said)],
    };
    let number = |key: &str| probe[key].as_u64().unwrap_or_default();
    let cuda = match number("cuda_devices") {
        0 => "no CUDA device".to_owned(),
        1 => "1 CUDA device".to_owned(),
        count => format!("{count} CUDA devices"),
    };
    let version = probe["libtorch"].as_str().unwrap_or("of unknown version");
    let (threads, between) = (number("threads"), number("interop_threads"));
    let vectors = probe["vectors"].as_str().unwrap_or("unknown");
    let waiting = probe["waiting"].as_str().unwrap_or("unknown");
    let threads = format!("uses {threads} threads ({between} between operations; waiting for one another: {waiting})");
    let found = format!("libtorch {version} sees {cuda}, {threads}; kernels for vectors: {vectors}");
    let graphs = (number("cuda_devices") > 0).then(|| cuda_graphs(probe["no_cuda_graphs"].as_str()));
    std::iter::once(good(name, found)).chain(graphs).collect()
}

/// Whether training steps can be captured as CUDA graphs; `lack` says why not.
fn cuda_graphs(lack: Option<&str>) -> Line {
    let name = "CUDA graphs";
    let mend = format!(
        "{} setup --cuda --force fetches a libtorch with CUDA's headers, and what uses them is built when the runner is ({}); for \
         a libtorch from elsewhere, let CUDA_HOME name a CUDA 13 toolkit",
        places::program(),
        made_by("the next")
    );
    match lack {
        None => good(name, "training steps can be captured"),
        Some(lack) => lacking(name, State::Note, format!("not to be had, training is slower without: {lack}"), mend),
    }
}

/// What libtorch says through the runner, or what the runner or the dynamic linker says instead.
fn probe(runner: &mut Command) -> Result<Value, String> {
    let output = runner.args(["probe", "--json"]).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned);
    let probe = serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success());
    probe.ok_or_else(|| said.unwrap_or_else(|| output.status.to_string()))
}

/// Whether the environment is at fault, which a new build would not mend, or the runner.
fn does_not_start(name: &'static str, runner: &Path, said: &str) -> Line {
    let found = format!("{} does not start: {said}", runner.display());
    let set = VARIABLES.map(|(variable, _)| variable).into_iter().filter(|name| std::env::var_os(name).is_some());
    let set: Vec<&str> = set.collect();
    let mut alone = Command::new(runner);
    for variable in &set {
        alone.env_remove(variable);
    }
    if !set.is_empty() && probe(&mut alone).is_ok() {
        let mend = format!("it starts without {}: unset it, or take out what is named above", set.join(" and "));
        return lacking(name, State::Bad, found, mend);
    }
    lacking(name, State::Note, found, made_by("the next"))
}

/// How the runner comes about.
fn made_by(which: &str) -> String {
    match places::home() {
        Home::Clone(_) => format!("{which} cargo xtask train builds it (some minutes)"),
        Home::Installed(_) => "cargo xtask install, in a clone, puts it here".to_owned(),
    }
}

fn processor() -> Line {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |key: &str| {
        let line = info.lines().find(|line| line.starts_with(key))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let model = value("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = value("cpu cores").map(|cores| format!("{cores} cores per socket, ")).unwrap_or_default();
    let flags = value("flags").unwrap_or_default();
    let has = |flag: &str| flags.split_whitespace().any(|f| f == flag);
    let vectors: Vec<&str> = [("avx2", "AVX2"), ("avx512f", "AVX-512")]
        .iter()
        .filter(|(flag, _)| has(flag))
        .map(|(_, name)| *name)
        .collect();
    let vectors = if vectors.is_empty() { "no AVX2".to_owned() } else { vectors.join(", ") };
    good("processor", format!("{model}: {cores}{threads} threads for this process, {vectors}"))
}

fn disk() -> Line {
    let name = "free disk";
    let room = |folder: &Path| free_bytes(folder).unwrap_or_default();
    let here = room(&places::workspace());
    let cache = places::cache().map(|folder| room(&folder)).unwrap_or_default();
    let found = format!("{} for the workspace, {} for the cache", size(here), size(cache));
    if here < 3_000_000_000 {
        return lacking(name, State::Note, found, "a full build of the workspace takes about 3 GB: make room");
    }
    good(name, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_that_cannot_be_captured_are_a_note_with_the_reason_and_a_way_to_mend_it() {
        assert_eq!(cuda_graphs(None).state, State::Good);
        let line = cuda_graphs(Some("this build holds no libminibatch_cuda.so"));
        assert_eq!(line.state, State::Note, "training works without");
        assert!(line.found.contains("no libminibatch_cuda.so"), "{}", line.found);
        let mend = line.mend.unwrap();
        assert!(mend.contains("setup --cuda --force") && mend.contains("CUDA_HOME"), "{mend}");
    }
}

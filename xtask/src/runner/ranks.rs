//! Several processes that train one model: how they come together, what rank 0 tells the others before they begin, and the copies of
//! this program that `--ranks` starts. What one of the others does is `follower.rs`'s.

use crate::console::{Usage, shown};
use crate::train_command::Run;
use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use std::env;
use std::ffi::OsString;
use std::net::TcpListener;
use std::os::unix::process::parent_id;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use torch_ext::{Group, Meeting, Store};
use train::run_folder::FoldSet;
use train::{Identity, Ranks};
use xtask::cli::{self, TrainArgs};
use xtask::launch::{self, Launch};
use xtask::places;
use xtask::progress::say;

/// Version of what ranks tell one another; that of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Set for the copies that `--ranks` starts: the number of rank 0's process.
const COPY: &str = "MINIBATCH_COPY";
const LOCALHOST: &str = "127.0.0.1";
/// How long copies may take to end once the connections are closed.
const GRACE: Duration = Duration::from_secs(10);

/// How this process was started.
pub struct Joined {
    pub ranks: Ranks,
    /// This process among those of its machine.
    pub local_rank: usize,
    /// How often a launcher has started the processes again.
    pub attempt: u64,
    /// How long the others may take to be ready.
    pub patience: Duration,
    /// Whether rank 0 has started this process, and speaks on the same terminal.
    pub is_copy: bool,
    copies: Copies,
}

/// What rank 0 tells the others of the run that begins.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hello {
    pub version: String,
    /// The run's folder.
    pub run: String,
    /// Whether the recipe is that of the command line, and not that of a run which continues.
    pub is_new: bool,
    /// The run, with its recipe; `None` where there is nothing left to do.
    pub identity: Option<Identity>,
}

impl Hello {
    /// What rank 0 says.
    pub fn heard(ranks: &Ranks) -> Result<Hello> {
        let nothing = Hello { version: String::new(), run: String::new(), is_new: true, identity: None };
        Ok(ranks.say(0, &nothing)?)
    }

    /// An error where rank 0 runs another version of the program.
    pub fn check_version(&self) -> Result<()> {
        if self.version == VERSION {
            return Ok(());
        }
        Err(anyhow!(
            "this is version {VERSION}, and rank 0's is {}: start the same program on all machines",
            self.version
        ))
    }
}

/// How many processes of this command share this machine's processors. Where a launcher has bound each to some of them already, as
/// `srun` and `mpirun` do, they share nothing.
pub fn on_this_machine(command: &cli::Command) -> usize {
    let cli::Command::Train(args) = command else { return 1 };
    match (args.ranks, launched()) {
        (Some(ranks), _) => ranks,
        (None, Ok(Some(launch))) if !is_bound() => launch.local_ranks,
        _ => 1,
    }
}

/// Whether this process may not use all processors of its machine.
fn is_bound() -> bool {
    let all = std::fs::read_to_string("/proc/stat")
        .map(|stat| stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count());
    all.is_ok_and(|all| thread::available_parallelism().is_ok_and(|own| own.get() < all))
}

fn launched() -> Result<Option<Launch>, String> {
    launch::read(&|name| env::var(name).ok())
}

/// An error where a launcher started several processes for what one does alone.
pub fn check(args: &TrainArgs) -> Result<()> {
    let alone = [
        ("--overfit-one-batch", args.overfit_one_batch.is_some()),
        ("--dry-run", args.dry_run),
        ("--folds", args.folds.is_some() || args.resume.as_deref().is_some_and(FoldSet::is_at)),
    ];
    match (alone.iter().find(|(_, is_asked)| *is_asked), launched()) {
        (Some((option, _)), Ok(Some(launch))) => {
            let text =
                format!("{option} is for one process, and a launcher has started {}: start it without", launch.ranks);
            Err(Usage(text).into())
        }
        _ => Ok(()),
    }
}

/// Meets the other processes, where there are any.
///
/// # Errors
/// Variables that are half set, a port that is taken, ranks that do not come.
pub fn join(args: &TrainArgs) -> Result<Joined> {
    let launch = launched().map_err(Usage)?;
    let [patience, timeout] = [args.meet_timeout, args.rank_timeout].map(Duration::from_secs);
    let joined = |ranks, launch: &Launch, copies| {
        let &Launch { local_rank, attempt, .. } = launch;
        Joined { ranks, local_rank, attempt, patience, is_copy: env::var_os(COPY).is_some(), copies }
    };
    let (launch, store, mut copies) = match (args.ranks, launch) {
        (None | Some(1), None) => {
            let (ranks, copies) = (Ranks::Alone, Copies::default());
            return Ok(Joined { ranks, local_rank: 0, attempt: 0, patience, is_copy: false, copies });
        }
        (None, Some(launch)) => {
            let store = if launch.agent { Store::Agent } else { Store::RankZero };
            (launch, store, Copies::default())
        }
        (Some(_), Some(launch)) => {
            let text = format!("a launcher has started {} processes already: leave --ranks out", launch.ranks);
            return Err(Usage(text).into());
        }
        (Some(ranks), None) => {
            let socket = TcpListener::bind((LOCALHOST, 0)).context("no port is free on this machine")?;
            let port = socket.local_addr().context("no port is free on this machine")?.port();
            let copies = Copies::start(ranks, port)?;
            let host = LOCALHOST.to_owned();
            let launch =
                Launch { rank: 0, ranks, local_rank: 0, local_ranks: ranks, host, port, agent: false, attempt: 0 };
            (launch, Store::Socket(socket), copies)
        }
    };
    let Launch { rank, ranks, host, port, attempt, .. } = launch.clone();
    let meeting = Meeting { host, port, rank, ranks, store, attempt, patience, timeout };
    let group = Group::meet(meeting, &mut || copies.ended().or_else(orphaned))?;
    Ok(joined(Ranks::Together(Arc::new(group)), &launch, copies))
}

impl Joined {
    /// Rank 0's: tells the others of the run that it has begun or taken up, or of the error that kept it from that, and gives them its
    /// learner.
    ///
    /// # Errors
    /// Rank 0's own error; what another rank cannot go on for.
    pub fn tell(&self, begun: Result<Option<Run>>, is_new: bool) -> Result<Option<Run>> {
        let ranks = &self.ranks;
        if ranks.is_alone() {
            return begun;
        }
        if let Err(error) = &begun {
            // Its own error is the one to tell; that of others who are gone adds nothing.
            let _ = ranks.agree(Some(&format!("{error:#}")), self.patience);
        }
        let mut begun = begun?;
        ranks.agree(None, self.patience)?;
        let folder = |run: &Run| std::path::absolute(run.folder.path()).map(|it| it.display().to_string());
        // A folder that cannot be named gets no logs of the others.
        let run = begun.as_ref().and_then(|run| folder(run).ok()).unwrap_or_default();
        let identity = begun.as_ref().map(|run| run.folder.identity().clone());
        let _ = ranks.say(0, &Hello { version: VERSION.to_owned(), run, is_new, identity })?;
        if let Some(mut run) = begun.take() {
            ranks.agree(None, self.patience)?;
            run.learner = run.learner.of_first_rank(&run.plan, run.folder.identity())?;
            begun = Some(run);
        }
        Ok(begun)
    }

    /// An error of training with what is known of the copies that this process has started, and the way on.
    pub fn explained(&mut self, error: anyhow::Error, run: &std::path::Path) -> anyhow::Error {
        let is_lost = matches!(error.downcast_ref::<train::Error>(), Some(train::Error::Libtorch(_)));
        if self.ranks.is_alone() || !is_lost {
            return error;
        }
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut ended = self.copies.ended();
        while ended.is_none() && !self.copies.children.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
            ended = self.copies.ended();
        }
        let ended = ended.map_or(String::new(), |ended| format!("; {ended}"));
        let run = shown::path(run);
        anyhow!("{error}{ended}; what was saved is whole: continue with --resume {run}")
    }
}

/// Why a copy need not wait for rank 0.
fn orphaned() -> Option<String> {
    let parent = env::var(COPY).ok()?;
    (parent != parent_id().to_string()).then(|| "rank 0, which started this process, has ended".to_owned())
}

/// Copies of this program, ranks 1 and up.
#[derive(Default)]
struct Copies {
    children: Vec<(usize, Child)>,
}

impl Copies {
    /// Starts ranks 1 to `ranks` with this process' own command line.
    fn start(ranks: usize, port: u16) -> Result<Copies> {
        let mut copies = Copies::default();
        let program = places::runner_file()?;
        let words = without_ranks(env::args_os().skip(1));
        let threads = tch::get_num_threads().max(1).to_string();
        for rank in 1..ranks {
            let mut command = Command::new(&program);
            command.args(&words).stdin(Stdio::null()).stdout(Stdio::null());
            for (name, value) in
                [("RANK", rank), ("LOCAL_RANK", rank), ("WORLD_SIZE", ranks), ("LOCAL_WORLD_SIZE", ranks)]
            {
                command.env(name, value.to_string());
            }
            command
                .env(COPY, process::id().to_string())
                .env("MASTER_ADDR", LOCALHOST)
                .env("MASTER_PORT", port.to_string());
            command.env("OMP_NUM_THREADS", &threads).env("MKL_NUM_THREADS", &threads);
            let child = command.spawn().with_context(|| format!("cannot start rank {rank}"))?;
            copies.children.push((rank, child));
        }
        Ok(copies)
    }

    /// Which have failed, and how.
    fn ended(&mut self) -> Option<String> {
        let failed = |(rank, child): &mut (usize, Child)| match child.try_wait() {
            Ok(Some(status)) if !status.success() => Some(told(*rank, status)),
            _ => None,
        };
        let failed: Vec<String> = self.children.iter_mut().filter_map(failed).collect();
        (!failed.is_empty()).then(|| failed.join(", "))
    }
}

fn told(rank: usize, status: ExitStatus) -> String {
    format!("rank {rank} ended with {status}")
}

impl Drop for Copies {
    fn drop(&mut self) {
        // They end with the last collective, or when the connection closes; who does not is stuck.
        let deadline = Instant::now() + GRACE;
        for (rank, child) in &mut self.children {
            while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(10));
            }
            if matches!(child.try_wait(), Ok(None)) {
                say(format!("WARNING: rank {rank} did not end by itself and was killed"));
                // One that has ended meanwhile cannot be killed, which is as well.
                let _ = child.kill();
            }
            let _ = child.wait();
        }
    }
}

/// A command line without its `--ranks N`.
fn without_ranks(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let (mut kept, mut is_value) = (Vec::new(), false);
    for word in words {
        let is_option = word == "--ranks";
        if !is_value && !is_option && !word.to_str().is_some_and(|word| word.starts_with("--ranks=")) {
            kept.push(word);
        }
        is_value = is_option;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_get_the_command_line_without_the_number_of_ranks() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for line in ["train a --ranks 2 --out b", "train --ranks=2 a --out b", "train a --out b --ranks 2"] {
            assert_eq!(without_ranks(words(line).into_iter()), words("train a --out b"), "{line}");
        }
        assert_eq!(without_ranks(words("train a --rank-timeout 3").into_iter()), words("train a --rank-timeout 3"));
    }
}

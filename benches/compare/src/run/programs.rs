//! The programs that take turns, built before anything is timed: our side and, with `--peers`, those of other libraries.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use compare::peers::Peer;
use compare::workspace::Workspace;

use crate::terminal::say;
use crate::workplace::cargo;

/// Our own programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Takes our turns.
    pub ours: PathBuf,
    /// Trains as users do.
    pub runner: PathBuf,
}

impl Programs {
    /// Makes sure that libtorch is there and both are built; they lie beside this program.
    ///
    /// # Errors
    /// If libtorch cannot be had or cargo fails; what was said is above.
    pub fn ready(workspace: &Workspace) -> Result<Programs> {
        let this = env::current_exe().context("cannot tell where this program lies")?;
        libtorch(workspace)?;
        done(
            cargo(workspace, &["build", "-q", "-p", "compare", "--bin", "ours-side"]).env_remove("LIBTORCH"),
            "our side",
        )?;
        Ok(Programs { ours: this.with_file_name("ours-side"), runner: this.with_file_name("minibatch") })
    }
}

/// Lets `cargo xtask` find or fetch libtorch, link it, and build what links it.
///
/// # Errors
/// If it cannot.
pub fn libtorch(workspace: &Workspace) -> Result<()> {
    done(cargo(workspace, &["xtask", "probe"]).stdout(Stdio::null()), "the program that trains")
}

/// The programs of all other libraries.
#[derive(Clone, Debug)]
pub struct Peers([PathBuf; 2]);

impl Peers {
    /// Builds all.
    ///
    /// # Errors
    /// If cargo fails.
    pub fn build(workspace: &Workspace) -> Result<Peers> {
        Ok(Peers([build(workspace, Peer::Burn)?, build(workspace, Peer::Candle)?]))
    }

    /// The program of one.
    pub fn of(&self, peer: Peer) -> &Path {
        let Peers([burn, candle]) = self;
        match peer {
            Peer::Burn => burn,
            Peer::Candle => candle,
        }
    }
}

/// Builds another library's side for this very processor, as its users do for speed. Silent but for a line when there is
/// nothing to do.
fn build(workspace: &Workspace, peer: Peer) -> Result<PathBuf> {
    say(format!("building the side of {}; the first time takes minutes", peer.title()));
    let target = workspace.peer_target(peer);
    let mut command = cargo(workspace, &["build", "-q", "--release", "--locked"]);
    command.arg("--manifest-path").arg(workspace.peer(peer).join("Cargo.toml")).arg("--target-dir").arg(&target);
    let what = format!("the side of {}, which is not needed without --peers,", peer.title());
    done(command.env("RUSTFLAGS", "-C target-cpu=native"), &what)?;
    Ok(target.join("release").join(format!("{}-side", peer.name())))
}

fn done(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().context("cannot start cargo: is Rust installed and on the PATH?")?;
    ensure!(status.success(), "{what} could not be built ({status}): what cargo said is above");
    Ok(())
}

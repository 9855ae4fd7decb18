//! Other Rust libraries that take turns with `--peers`: packages of their own in `benches/peers/`, outside the workspace
//! and with their own locked versions, built only when they are asked for.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::cargo::cargo;
use crate::places;
use crate::progress::say;

/// Another library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// burn, backend flex.
    Burn,
    /// candle, without MKL.
    Candle,
}

impl Peer {
    /// All of them.
    pub const ALL: [Peer; 2] = [Peer::Burn, Peer::Candle];

    /// Its name, and that of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Burn => "burn",
            Peer::Candle => "candle",
        }
    }

    /// Its name in tables, with the version that is locked.
    pub fn title(self) -> &'static str {
        match self {
            Peer::Burn => "burn 0.22.1 (flex)",
            Peer::Candle => "candle 0.11.1",
        }
    }

    /// Builds its side for this very processor, as its users do for speed, and tells where the program lies. Silent but
    /// for a line when there is nothing to do.
    ///
    /// # Errors
    /// If cargo fails; what it said is above.
    pub fn build(self) -> Result<PathBuf> {
        let name = self.name();
        say(format!("building the side of {}; the first time takes minutes", self.title()));
        let target = places::workspace().join("target/peers").join(name);
        let manifest = places::workspace().join("benches/peers").join(name).join("Cargo.toml");
        let status = cargo(["build", "-q", "--release", "--locked"])
            .arg("--manifest-path")
            .arg(&manifest)
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTFLAGS", "-C target-cpu=native")
            .status()
            .context("cannot start cargo: is Rust installed and on the PATH?")?;
        ensure!(
            status.success(),
            "the side of {} could not be built ({status}): what cargo said is above; without --peers it is not needed",
            self.title()
        );
        Ok(target.join("release").join(format!("{name}-side")))
    }
}

/// The programs of all of them.
#[derive(Clone, Debug)]
pub struct Programs([PathBuf; 2]);

impl Programs {
    /// Builds all.
    ///
    /// # Errors
    /// As [`Peer::build`].
    pub fn build() -> Result<Programs> {
        Ok(Programs([Peer::Burn.build()?, Peer::Candle.build()?]))
    }

    /// The program of one.
    pub fn of(&self, peer: Peer) -> &PathBuf {
        let Programs([burn, candle]) = self;
        match peer {
            Peer::Burn => burn,
            Peer::Candle => candle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_name_the_versions_that_are_locked() {
        for (peer, package) in [(Peer::Burn, "burn"), (Peer::Candle, "candle-core")] {
            let lock = places::workspace().join("benches/peers").join(peer.name()).join("Cargo.lock");
            let lock = std::fs::read_to_string(&lock).unwrap();
            let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).unwrap();
            let version = rest.split('"').next().unwrap();
            assert!(peer.title().contains(&format!("{} {version}", peer.name())), "{} is not {version}", peer.title());
        }
    }
}

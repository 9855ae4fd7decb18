//! Where everything lies in a clone of the repository.

use std::path::{Path, PathBuf};

use crate::peers::Peer;

/// The folder that holds the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace(PathBuf);

impl Workspace {
    /// The one that `package`, a folder inside it, belongs to.
    pub fn of(package: &Path) -> Option<Workspace> {
        let root = package.ancestors().find(|folder| folder.join("benches/compare/Cargo.toml").is_file())?;
        Some(Workspace(root.to_owned()))
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Where the raw rows are kept.
    pub fn results(&self) -> PathBuf {
        self.0.join("benches/results")
    }

    /// The page of figures.
    pub fn page(&self) -> PathBuf {
        self.0.join("docs/performance.md")
    }

    /// Where its charts lie.
    pub fn pictures(&self) -> PathBuf {
        self.0.join("docs/pictures")
    }

    /// Where criterion is told to leave its files.
    pub fn criterion(&self) -> PathBuf {
        self.0.join("target/criterion")
    }

    /// Data sets, each in a folder of its name.
    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// A file of PyTorch's side.
    pub fn pytorch(&self, name: &str) -> PathBuf {
        self.0.join("benches/pytorch").join(name)
    }

    /// The package of another library's side.
    pub fn peer(&self, peer: Peer) -> PathBuf {
        self.0.join("benches/peers").join(peer.name())
    }

    /// Where another library's side is built.
    pub fn peer_target(&self, peer: Peer) -> PathBuf {
        self.0.join("target/peers").join(peer.name())
    }
}

/// The workspace of this package, for tests that look at what is kept in it.
#[cfg(test)]
pub(crate) fn own() -> Workspace {
    Workspace::of(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

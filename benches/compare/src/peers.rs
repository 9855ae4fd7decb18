//! Other Rust libraries that take turns with `--peers`: packages of their own in `benches/peers/`, outside the workspace
//! and with their own locked versions.

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_name_the_versions_that_are_locked() {
        for (peer, package) in [(Peer::Burn, "burn"), (Peer::Candle, "candle-core")] {
            let lock = crate::workspace::own().peer(peer).join("Cargo.lock");
            let lock = std::fs::read_to_string(&lock).unwrap();
            let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).unwrap();
            let version = rest.split('"').next().unwrap();
            assert!(peer.title().contains(&format!("{} {version}", peer.name())), "{} is not {version}", peer.title());
        }
    }
}

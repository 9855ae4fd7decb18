//! The one thing that a page may ask of a run: to end after its epoch. It takes a token that was printed in the terminal, made
//! for this run alone; without one, as by default, the page can only be read.

use super::board::Board;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// Hexadecimal digits of a token: 128 bits.
pub const DIGITS: usize = 32;

/// What a page must know.
pub type Token = [u8; DIGITS];

/// A run that may be asked to stop.
pub struct Stop {
    token: Token,
    board: Arc<Board>,
}

impl Stop {
    /// With a token that nobody has seen.
    ///
    /// # Errors
    /// What the system said where it gives no random bytes.
    pub fn new(board: Arc<Board>) -> io::Result<Stop> {
        let mut bytes = [0u8; DIGITS / 2];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Stop { token: digits(bytes), board })
    }

    pub fn token(&self) -> Token {
        self.token
    }

    /// Asks the run to end after its epoch, if this is the token.
    pub fn ask(&self, token: &Token) -> bool {
        let is_right = same(&self.token, token);
        if is_right {
            self.board.change(|state| state.stopping = true);
        }
        is_right
    }
}

fn digits(bytes: [u8; DIGITS / 2]) -> Token {
    let digit = |place: usize| bytes[place / 2] >> (4 * (1 - place % 2)) & 15;
    std::array::from_fn(|place| b"0123456789abcdef"[usize::from(digit(place))])
}

/// Takes as long for any two tokens, so that time does not tell how much of a guess is right.
fn same(one: &Token, other: &Token) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_in_all_its_digits() {
        let token = digits(std::array::from_fn(|place| 16 * place as u8 + 1));
        assert_eq!(&token, b"01112131415161718191a1b1c1d1e1f1");
        assert!(same(&token, &token));
        for place in 0..DIGITS {
            let mut other = token;
            other[place] ^= 1;
            assert!(!same(&token, &other), "{place}");
        }
    }
}

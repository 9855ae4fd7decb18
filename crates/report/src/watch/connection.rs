//! One connection: a request is heard, answered, and what else was sent is dropped unread. It never waits for its other
//! side, holds a bounded number of bytes, and has a time at which it is over, whatever the other side does.

use super::answer::Answer;
use super::request::{self, Asked, Heard, Refusal};
use rustix::event::PollFlags;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// In which a request's head must have come.
const FOR_ASKING: Duration = Duration::from_secs(5);
/// In which a piece of the answer must have been taken, and in which all of it.
const FOR_A_PIECE: Duration = Duration::from_secs(10);
const FOR_THE_ANSWER: Duration = Duration::from_secs(60);
/// In which the other side may continue sending after its answer: were the connection closed at once, what is still under
/// way to this side would make the system throw the answer away.
const FOR_LEAVING: Duration = Duration::from_secs(1);
const DROPPED_AT_MOST: usize = 1 << 20;
const PIECE: usize = 4096;

/// A connection that somebody opened.
pub struct Connection {
    stream: TcpStream,
    state: State,
    since: Instant,
    /// When it was opened, or last took a piece of its answer; asking a byte at a time does not count.
    pub moved: Instant,
    /// When it is over at the latest.
    pub until: Instant,
}

enum State {
    Asking { heard: Vec<u8> },
    Answering { answer: Answer, sent: usize },
    Leaving { dropped: usize },
}

impl Connection {
    /// One that was just opened.
    pub fn new(stream: TcpStream, now: Instant) -> io::Result<Connection> {
        stream.set_nonblocking(true)?;
        Ok(Connection {
            stream,
            state: State::Asking { heard: Vec::new() },
            since: now,
            moved: now,
            until: now + FOR_ASKING,
        })
    }

    /// Its socket, and what it waits for.
    pub fn awaits(&self) -> (&TcpStream, PollFlags) {
        let flags = match self.state {
            State::Asking { .. } | State::Leaving { .. } => PollFlags::IN,
            State::Answering { .. } => PollFlags::OUT,
        };
        (&self.stream, flags)
    }

    /// Does what can be done without waiting; `false` when it is over.
    pub fn go_on(&mut self, now: Instant, port: u16, answer: &mut impl FnMut(Asked) -> Answer) -> bool {
        match self.try_to_go_on(now, port, answer) {
            Ok(lives) => lives,
            // Whoever asked may be gone; that is no concern of training.
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }

    fn try_to_go_on(&mut self, now: Instant, port: u16, answer: &mut impl FnMut(Asked) -> Answer) -> io::Result<bool> {
        let mut piece = [0; PIECE];
        match &mut self.state {
            State::Asking { heard } => {
                let room = (request::LONGEST - heard.len()).min(PIECE);
                let read = self.stream.read(&mut piece[..room])?;
                heard.extend_from_slice(&piece[..read]);
                match request::hear(heard, port) {
                    Heard::Partly => Ok(read > 0),
                    Heard::Whole(asked) => {
                        self.state = State::Answering { answer: answer(asked), sent: 0 };
                        self.until = now + FOR_A_PIECE;
                        Ok(true)
                    }
                }
            }
            State::Answering { answer, sent } => {
                *sent += self.stream.write(answer.rest(*sent))?;
                self.moved = now;
                self.until = (now + FOR_A_PIECE).min(self.since + FOR_THE_ANSWER);
                if answer.rest(*sent).is_empty() {
                    self.stream.shutdown(Shutdown::Write)?;
                    self.state = State::Leaving { dropped: 0 };
                    self.until = now + FOR_LEAVING;
                }
                Ok(true)
            }
            State::Leaving { dropped } => {
                let read = self.stream.read(&mut piece)?;
                *dropped += read;
                Ok(read > 0 && *dropped < DROPPED_AT_MOST)
            }
        }
    }

    /// Ends it, and says why to one who has begun to ask.
    pub fn end(mut self, why: Refusal) {
        if matches!(&self.state, State::Asking { heard } if !heard.is_empty()) {
            let answer = Answer::refused(why);
            let (head, text) = (answer.rest(0), answer.rest(answer.rest(0).len()));
            // It is closed either way.
            let _ = self.stream.write(&[head, text].concat());
        }
    }
}

//! The server: two addresses that can be read, and nothing that can be written but, where a run allows it, the wish that it end. It listens on the loopback address
//! alone, and answers only those who call it by that name, so that no page from elsewhere can read it through a name
//! that was made to point here.
//!
//! One thread serves all connections and waits for none of them. Their number is bounded; where it is reached, the one
//! that has stood still for longest makes room for the next, so that those who never read, or ask a byte at a time, keep
//! nobody out.

use super::answer::Answer;
use super::connection::Connection;
use super::request::{Asked, Refusal, Wish};
use super::stop::Stop;
use crate::error::Error;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Connections at one time.
const MOST: usize = 64;
/// How long each may stand still at least when others wait; a page is asked for and sent in some milliseconds.
const GRACE: Duration = Duration::from_millis(500);
/// Until the system is asked again for what it refused.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes that the system keeps for each connection in each direction, beside those that are kept here.
const SYSTEM_BYTES: usize = 128 << 10;

/// Answers on a thread of its own until the process ends.
///
/// # Errors
/// If the system refuses the thread, or the listener cannot be used.
pub fn start(
    listener: TcpListener,
    stop: Option<Stop>,
    mut pages: impl FnMut(Wish) -> Result<Arc<str>, Error> + Send + 'static,
) -> io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    // Connections take these over.
    sockopt::set_socket_send_buffer_size(&listener, SYSTEM_BYTES)?;
    sockopt::set_socket_recv_buffer_size(&listener, SYSTEM_BYTES)?;
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        serve(&listener, address.port(), &mut |asked| answer(asked, stop.as_ref(), &mut pages));
    })?;
    Ok(address)
}

fn answer(asked: Asked, stop: Option<&Stop>, pages: &mut impl FnMut(Wish) -> Result<Arc<str>, Error>) -> Answer {
    if let Ok(Wish::Stop { token }) = asked.wish {
        return match stop {
            Some(stop) if token.is_some_and(|token| stop.ask(&token)) => Answer::found("application/json", "{}".into()),
            Some(_) => Answer::refused(Refusal::Token),
            None => Answer::refused(Refusal::Method),
        };
    }
    let answer = match asked.wish.map(|wish| (wish, pages(wish))) {
        Ok((Wish::Page, Ok(text))) => Answer::found("text/html; charset=utf-8", text),
        Ok((_, Ok(text))) => Answer::found("application/json", text),
        Ok((_, Err(error))) => Answer::failed(&error),
        Err(refusal) => Answer::refused(refusal),
    };
    if asked.head_only { answer.head_only() } else { answer }
}

/// Never returns, and never waits for a single connection.
fn serve(listener: &TcpListener, port: u16, answer: &mut impl FnMut(Asked) -> Answer) {
    let mut open: Vec<Connection> = Vec::new();
    let mut paused_until = Instant::now();
    loop {
        let now = Instant::now();
        for late in open.extract_if(.., |connection| connection.until <= now) {
            late.end(Refusal::TooSlow);
        }
        let next_in = room(&open, now).max(paused_until);
        let letting_in = next_in <= now;
        let wake = open.iter().map(|connection| connection.until).chain((!letting_in).then_some(next_in)).min();
        let Ok(ready) = wait(listener, letting_in, &open, wake.map(|wake| wake.saturating_duration_since(now))) else {
            thread::sleep(PAUSE);
            continue;
        };
        let now = Instant::now();
        let mut is_ready = ready.connections.into_iter();
        open.retain_mut(|connection| !is_ready.next().unwrap_or(false) || connection.go_on(now, port, answer));
        if ready.listener && let_in(listener, &mut open, now).is_err() {
            paused_until = now + PAUSE;
        }
    }
}

/// Where all places are taken: the connection that has stood still for longest, and since when.
fn idlest(open: &[Connection]) -> Option<(usize, Instant)> {
    let moved = open.iter().map(|connection| connection.moved).enumerate();
    moved.min_by_key(|(_, moved)| *moved).filter(|_| open.len() >= MOST)
}

/// When the next one can be let in.
fn room(open: &[Connection], now: Instant) -> Instant {
    idlest(open).map_or(now, |(_, moved)| moved + GRACE)
}

/// Takes up those who wait, as far as there is room.
fn let_in(listener: &TcpListener, open: &mut Vec<Connection>, now: Instant) -> io::Result<()> {
    loop {
        if room(open, now) > now {
            return Ok(());
        }
        match listener.accept() {
            Ok((stream, _)) => {
                if let Some((idlest, _)) = idlest(open) {
                    open.swap_remove(idlest).end(Refusal::Busy);
                }
                open.push(Connection::new(stream, now)?);
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(()),
                io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                // Perhaps there are no more file descriptors.
                _ => return Err(error),
            },
        }
    }
}

/// Where something can be done.
struct Ready {
    listener: bool,
    /// In the order of the connections.
    connections: Vec<bool>,
}

/// Waits until something can be done, and at most for that time.
fn wait(listener: &TcpListener, letting_in: bool, open: &[Connection], time: Option<Duration>) -> io::Result<Ready> {
    let door = letting_in.then(|| PollFd::new(listener, PollFlags::IN));
    let streams = open.iter().map(|connection| {
        let (stream, flags) = connection.awaits();
        PollFd::new(stream, flags)
    });
    let mut all: Vec<PollFd<'_>> = streams.chain(door).collect();
    let time = time.map(|time| Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos().into() });
    match poll(&mut all, time.as_ref()) {
        Ok(_) => {}
        // A signal came, which is for training.
        Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let ready: Vec<bool> = all.iter().map(|fd| !fd.revents().is_empty()).collect();
    let (connections, door) = ready.split_at(open.len());
    Ok(Ready { listener: door.first() == Some(&true), connections: connections.to_vec() })
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;

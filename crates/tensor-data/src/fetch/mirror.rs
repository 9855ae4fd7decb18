//! One mirror: requests until the file is there, or a reason why this mirror will not give it.

use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use ureq::http::{Response, header};
use ureq::{Agent, Body};

use super::part::Part;
use super::{Progress, Remote, Settings};
use crate::Error;

/// Why an attempt failed.
enum Trouble {
    /// Another attempt may succeed.
    Transient(String),
    /// This mirror will not give the file.
    Permanent(String),
    /// This machine's own fault, whichever mirror is asked.
    Local(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Local(error)
    }
}

/// Downloads from `url` into `part` until its content is that of `remote` (None), or says why this mirror was given up.
pub(super) fn download(
    url: &str,
    remote: &Remote,
    part: &mut Part,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<String>, Error> {
    let name = remote.name.as_str();
    let agent = agent(url, settings);
    let mut wait = settings.backoff;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let from = part.len();
        progress(Progress::Asking { name, url, from });
        let reason = match transfer(&agent, url, remote, part, settings, progress) {
            Ok(resumed) => match part.check(remote)? {
                None => return Ok(None),
                Some(reason) => {
                    part.clear()?;
                    if !resumed {
                        return Ok(Some(reason));
                    }
                    // The earlier part may be that of another version of the file: once more, from the start.
                    progress(Progress::Retrying { name, url, reason: &reason, wait: Duration::ZERO });
                    continue;
                }
            },
            Err(Trouble::Local(error)) => return Err(error),
            Err(Trouble::Permanent(reason)) => return Ok(Some(reason)),
            Err(Trouble::Transient(reason)) => reason,
        };
        if attempt >= settings.attempts {
            return Ok(Some(format!("{reason} (attempt {attempt} of {})", settings.attempts.max(1))));
        }
        progress(Progress::Retrying { name, url, reason: &reason, wait });
        thread::sleep(wait);
        wait = wait.saturating_mul(2);
    }
}

fn agent(url: &str, settings: &Settings) -> Agent {
    // Finding a host's address within a time takes a thread. Where the system refuses one, it takes as long as it takes.
    let resolve = thread::Builder::new().spawn(|| ()).is_ok().then_some(settings.connect);
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("minibatch/", env!("CARGO_PKG_VERSION")))
        // Ranges count the bytes as stored; a server that packs them on the way would shift them.
        .accept_encoding("identity")
        .timeout_resolve(resolve)
        .timeout_connect(Some(settings.connect))
        .timeout_recv_response(Some(settings.stall))
        .timeout_per_read(Some(settings.stall))
        .timeout_per_write(Some(settings.stall));
    if url.starts_with("http://127.0.0.1") {
        // No proxy can reach this machine's own address.
        config = config.proxy(None);
    }
    config.build().into()
}

/// One request, its body appended to `part`. True when it continued from what was there.
fn transfer(
    agent: &Agent,
    url: &str,
    remote: &Remote,
    part: &mut Part,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<bool, Trouble> {
    let from = part.len();
    let mut request = agent.get(url);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
    }
    let response = request.call().map_err(|e| trouble(e, settings))?;
    let total = match response.status().as_u16() {
        200 => {
            part.clear()?;
            response.body().content_length()
        }
        206 if from > 0 => match content_range(&response) {
            Some((start, total)) if start == from => total,
            _ => {
                part.clear()?;
                return Err(Trouble::Transient("the server answered with another range than was asked for".to_owned()));
            }
        },
        416 if from > 0 => {
            part.clear()?;
            return Err(Trouble::Transient(format!(
                "the server's file ends before byte {from}, where this one continued"
            )));
        }
        408 | 429 | 500 | 502 | 503 | 504 => return Err(Trouble::Transient(status(&response))),
        _ => return Err(Trouble::Permanent(status(&response))),
    };
    let resumed = part.len() > 0;
    // Room for the gzip wrapper of content that cannot be packed.
    let limit = remote.bytes + remote.bytes / 100 + (1 << 16);
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => {
                return Err(match trouble(ureq::Error::from(e), settings) {
                    Trouble::Transient(reason) | Trouble::Permanent(reason) => {
                        Trouble::Transient(format!("cut off after {} bytes: {reason}", part.len()))
                    }
                    local => local,
                });
            }
        };
        if part.len() + read as u64 > limit {
            part.clear()?;
            return Err(Trouble::Permanent(format!("it sends more than the expected {} bytes", remote.bytes)));
        }
        part.append(&buffer[..read])?;
        progress(Progress::Received { name: &remote.name, bytes: part.len(), total });
    }
    match total {
        Some(total) if part.len() < total => {
            Err(Trouble::Transient(format!("cut off after {} of {total} bytes", part.len())))
        }
        _ => Ok(resumed),
    }
}

fn status(response: &Response<Body>) -> String {
    format!("the server answered {}", response.status())
}

/// First byte and total size out of `Content-Range: bytes 5-9/10`.
fn content_range(response: &Response<Body>) -> Option<(u64, Option<u64>)> {
    let value = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _end) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

fn trouble(error: ureq::Error, settings: &Settings) -> Trouble {
    use ureq::{Error, Timeout};
    match error {
        Error::HostNotFound => Trouble::Permanent("the host's address is not known; is there a network?".to_owned()),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Trouble::Permanent(format!("no connection within {:?}; is there a network?", settings.connect))
        }
        Error::Timeout(_) => Trouble::Transient(format!("no byte came for {:?}", settings.stall)),
        Error::Io(e) => match e.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Trouble::Permanent(format!("no connection: {e}"))
            }
            _ => Trouble::Transient(e.to_string()),
        },
        Error::Protocol(e) => Trouble::Transient(e.to_string()),
        other => Trouble::Permanent(other.to_string()),
    }
}

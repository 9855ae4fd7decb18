//! A web server on this machine that misbehaves as told, one answer after the other.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does with a request.
#[derive(Clone)]
pub enum Answer {
    /// The content, or the part of it that is asked for.
    Content(Vec<u8>),
    /// As `Content`, but only so many bytes of the body, then the connection is closed.
    CutOff(Vec<u8>, usize),
    /// As `CutOff`, but without saying how long the body is, so that its end looks like a proper one.
    CutOffUnnoticed(Vec<u8>, usize),
    /// As `CutOff`, but the connection stays open and silent.
    Stall(Vec<u8>, usize),
    /// The content from its start, whatever part of it is asked for.
    IgnoreRange(Vec<u8>),
    /// Status 206 with the content from its start, whatever part of it is asked for.
    WrongRange(Vec<u8>),
    /// A status and no content.
    Status(u16),
    /// Not HTTP.
    Nonsense,
    /// To another address.
    Redirect(String),
    /// A pause before the answer.
    Late(Duration, Box<Answer>),
}

pub struct Server {
    address: String,
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    /// Gives `answers` in order, then closes every connection unanswered.
    pub fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&ranges);
        thread::spawn(move || {
            let mut answers = answers.into_iter();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let range = range_asked_for(&stream);
                seen.lock().unwrap().push(range.clone());
                if let Some(answer) = answers.next() {
                    thread::spawn(move || drop(give(&mut stream, &answer, range.as_deref())));
                }
            }
        });
        Self { address, ranges }
    }

    pub fn url(&self) -> String {
        format!("{}/file.gz", self.address)
    }

    /// What comes before the file's name in its URL.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The `Range` header of each request so far.
    pub fn ranges(&self) -> Vec<Option<String>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn range_asked_for(stream: &TcpStream) -> Option<String> {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    headers.iter().find_map(|line| line.strip_prefix("range: ").map(str::to_owned))
}

fn give(stream: &mut TcpStream, answer: &Answer, range: Option<&str>) -> std::io::Result<()> {
    match answer {
        Answer::Content(content) => body(stream, content, range, content.len(), true),
        Answer::CutOff(content, after) => body(stream, content, range, *after, true),
        Answer::CutOffUnnoticed(content, after) => body(stream, content, range, *after, false),
        Answer::Stall(content, after) => {
            body(stream, content, range, *after, true)?;
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Answer::IgnoreRange(content) => body(stream, content, None, content.len(), true),
        Answer::WrongRange(content) => {
            let last = content.len() - 1;
            write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-{last}/{}\r\n", last + 1)?;
            write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n", last + 1)?;
            stream.write_all(content)
        }
        Answer::Status(status) => {
            write!(stream, "HTTP/1.1 {status} Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Answer::Nonsense => stream.write_all(b"220 mail.example ESMTP\r\n\r\n"),
        Answer::Redirect(to) => {
            write!(stream, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Answer::Late(pause, answer) => {
            thread::sleep(*pause);
            give(stream, answer, range)
        }
    }
}

fn body(stream: &mut TcpStream, content: &[u8], range: Option<&str>, after: usize, sized: bool) -> std::io::Result<()> {
    let from = range.map_or(0, |r| r.trim_start_matches("bytes=").trim_end_matches('-').parse::<usize>().unwrap());
    if from >= content.len() {
        return write!(stream, "HTTP/1.1 416 Range\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let (rest, total) = (&content[from..], content.len());
    match range {
        None => write!(stream, "HTTP/1.1 200 OK\r\n")?,
        Some(_) => write!(stream, "HTTP/1.1 206 Partial\r\nContent-Range: bytes {from}-{}/{total}\r\n", total - 1)?,
    }
    if sized {
        write!(stream, "Content-Length: {}\r\n", rest.len())?;
    }
    write!(stream, "Connection: close\r\n\r\n")?;
    stream.write_all(&rest[..after.min(rest.len())])
}

//! What strangers send to the page of a run: huge bodies, endless headers, bytes that are no HTTP; and clients that never
//! read. Whatever they do, the run continues training, its page is served, and its memory stays as it was.

use crate::runs::Place;
use crate::watch::Watched;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Kilobytes that a run may grow by meanwhile; its own are some hundred thousand.
const MAY_GROW_BY: u64 = 100_000;
/// In which whoever asks and reads must be answered, on a busy machine too.
const SOON: Duration = Duration::from_secs(10);

/// Lets something happen to a run that trains, which must still train afterwards and serve its page.
fn besieged(attack: impl FnOnce(&mut Watched)) {
    let place = Place::new();
    let mut run = Watched::long(&place);
    run.wait_for(|state| state["iteration"].as_u64() > Some(100));
    let before = peak(&run);
    attack(&mut run);
    let iteration = run.page.state()["iteration"].as_u64().unwrap();
    run.wait_for(|state| state["iteration"].as_u64() > Some(iteration));
    assert_served(&run);
    let grown = peak(&run) - before;
    assert!(grown < MAY_GROW_BY, "the run grew by {grown} kB");
}

/// The most memory that a run has had so far, in kB.
fn peak(run: &Watched) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn assert_served(run: &Watched) {
    let start = Instant::now();
    let (head, page) = run.page.get("/");
    assert!(head.starts_with("HTTP/1.1 200") && page.trim_end().ends_with("</html>"), "{head}");
    assert!(start.elapsed() < SOON, "the page took {:?}", start.elapsed());
}

fn connect(run: &Watched) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", run.page.0)).unwrap();
    for time in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        time(&stream, Some(Duration::from_secs(10))).unwrap();
    }
    stream
}

/// What is answered to these bytes; empty where the connection was closed without a word.
fn answer(run: &Watched, bytes: &[u8]) -> String {
    let mut stream = connect(run);
    // What is refused early is closed while it is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("no answer: {error}"),
        _ => String::from_utf8_lossy(&answer).into_owned(),
    }
}

#[test]
fn announced_bodies_are_refused_unread() {
    besieged(|run| {
        let port = run.page.0;
        let check = |head: &str, status: &str| {
            let answer = answer(run, format!("{head}\r\n\r\nabc").as_bytes());
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        };
        for length in ["1000000000", "100000000000", "1000000000000000", "9223372036854775807", "18446744073709551615"]
        {
            let of = |line: &str, host: &str, more: &str| {
                format!("{line} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {length}{more}")
            };
            check(&of("GET /", "127.0.0.1", ""), "413");
            check(&of("HEAD /state.json", "localhost", "\r\nExpect: 100-continue"), "413");
            check(&of("POST /", "127.0.0.1", ""), "405");
            check(&of("GET /", "evil.example", ""), "403");
            check(&of("POST /", "127.0.0.1", "\r\nOrigin: http://evil.example"), "403");
            check(&of("GET /", "127.0.0.1", "\r\nOrigin: null"), "403");
        }
        check(&format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: -1"), "400");
        check(&format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}", "9".repeat(9000)), "413");
        let chunked = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked");
        check(&format!("{chunked}\r\n\r\nffffffffffffffff"), "413");
    });
}

#[test]
fn heads_without_end_and_bytes_that_are_no_http() {
    besieged(|run| {
        let port = run.page.0;
        let line = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
        let million = "a".repeat(1 << 20);
        for (bytes, status) in [
            (format!("GET /{million} HTTP/1.1\r\n"), "414"),
            (format!("{line}Cookie: {million}"), "431"),
            (line.clone() + &"a: b\r\n".repeat(100_000), "431"),
            ("\r\n".repeat(100_000), "431"),
            ("\u{16}\u{3}\u{1}\0\u{1}".to_owned(), "400"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), "400"),
        ] {
            let answer = answer(run, bytes.as_bytes());
            // What comes behind a refusal may make the system throw the refusal away.
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) || answer.is_empty(), "{bytes:.60}: {answer}");
        }
        let pipelined = answer(run, format!("{line}\r\n").repeat(200).as_bytes());
        assert!(pipelined.starts_with("HTTP/1.1 200 "), "{pipelined:.100}");
    });
}

#[test]
fn a_head_is_that_of_the_page_alone() {
    besieged(|run| {
        let head = answer(run, format!("HEAD / HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", run.page.0).as_bytes());
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
        let length: usize = head.split_once("Content-Length: ").unwrap().1.lines().next().unwrap().parse().unwrap();
        assert!(length > 1000, "{head}");
    });
}

#[test]
fn clients_that_never_read_or_trickle_block_nobody() {
    besieged(|run| {
        let line = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", run.page.0);
        let mut open = Vec::new();
        for number in 0..300 {
            let mut stream = connect(run);
            stream.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
            let bytes = match number % 4 {
                // Announces a body that never comes, asks without reading, asks half, says nothing.
                0 => format!("{line}Content-Length: 1000000000\r\n\r\nabc"),
                1 => format!("{line}\r\n").repeat(200),
                2 => format!("{line}X-Slow: "),
                _ => String::new(),
            };
            let _ = stream.write_all(bytes.as_bytes());
            open.push(stream);
            if number % 100 == 99 {
                assert_served(run);
            }
        }
        for _ in 0..5 {
            open.iter_mut().for_each(|stream| drop(stream.write(b"x")));
            assert_served(run);
        }
    });
}

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;

/// As long as the page of a long run: more than the system keeps for a connection.
const PAGE_BYTES: usize = 3 << 20;

/// A server of a long page, by its port.
fn started() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let page: Arc<str> = "p".repeat(PAGE_BYTES).into();
    start(listener, None, move |_| Ok(Arc::clone(&page))).unwrap().port()
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

fn send(stream: &mut TcpStream, method: &str, port: u16, rest: &str) {
    let request = format!("{method} / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{rest}");
    // It may have been shown the door already.
    let _ = stream.write_all(request.as_bytes());
}

fn answer_of(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// Whoever asks and reads is answered in full, and how long that took.
fn assert_served(port: u16) -> Duration {
    let start = Instant::now();
    let mut stream = connect(port);
    send(&mut stream, "GET", port, "\r\n");
    let answer = answer_of(stream);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{:.200}", answer);
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), PAGE_BYTES);
    start.elapsed()
}

#[test]
fn two_hundred_at_once_are_all_served() {
    let port = started();
    thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| assert_served(port));
        }
    });
}

#[test]
fn two_hundred_who_never_read_keep_nobody_out() {
    let port = started();
    let streams: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = connect(port);
            stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
            send(&mut stream, "GET", port, "\r\n");
            stream
        })
        .collect();
    let waited = assert_served(port);
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    drop(streams);
    assert_served(port);
}

#[test]
fn those_who_trickle_keep_nobody_out_and_are_closed() {
    let port = started();
    let start = Instant::now();
    let mut slow: Vec<_> = (0..200).map(|_| connect(port)).collect();
    slow.iter_mut().for_each(|stream| send(stream, "GET", port, "X-Endless: "));
    let waited = assert_served(port);
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    // A byte now and then prolongs nothing.
    let mut last = slow.pop().unwrap();
    last.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut said = Vec::new();
    let mut piece = [0; 1000];
    while start.elapsed() < Duration::from_secs(30) {
        let _ = last.write_all(b"x");
        match last.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => said.extend_from_slice(&piece[..read]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    assert!(start.elapsed() < Duration::from_secs(30), "it is still open");
    assert!(String::from_utf8(said).unwrap().starts_with("HTTP/1.1 408 "));
}

#[test]
fn what_follows_a_request_is_dropped_unread() {
    let port = started();
    let mut stream = connect(port);
    send(&mut stream, "GET", port, "\r\n");
    // Pipelined requests: the first is answered, and the connection closed.
    for _ in 0..200 {
        send(&mut stream, "GET", port, "\r\n");
    }
    assert_eq!(answer_of(stream).matches("HTTP/1.1 ").count(), 1);
    let mut stream = connect(port);
    send(&mut stream, "GET", port, "Content-Length: 100000000000\r\n\r\n");
    let mut taken = 0;
    while taken < 64 << 20 && stream.write_all(&[b'x'; 4096]).is_ok() {
        taken += 4096;
    }
    assert!(taken < 16 << 20, "{taken} bytes of a refused body were taken");
    assert_served(port);
}

#[test]
fn a_body_is_refused_and_the_refusal_arrives() {
    let port = started();
    for (rest, status) in [
        ("Content-Length: 100000000000\r\n\r\nabc", "413"),
        ("Content-Length: 18446744073709551615\r\nExpect: 100-continue\r\n\r\n", "413"),
        ("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc", "413"),
        ("Origin: http://evil.example\r\nContent-Length: 100000000000\r\n\r\nabc", "403"),
    ] {
        let mut stream = connect(port);
        send(&mut stream, "GET", port, rest);
        let answer = answer_of(stream);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{rest}: {answer:.100}");
    }
    let mut stream = connect(port);
    send(&mut stream, "GET", port, &"a".repeat(1 << 20));
    assert!(answer_of(stream).starts_with("HTTP/1.1 431 "));
    assert_served(port);
}

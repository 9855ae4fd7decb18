use super::*;
use proptest::prelude::*;

const PORT: u16 = 8080;

/// What is said of a request line with these headers behind its `Host`.
fn asked(line: &str, headers: &str) -> Result<Wish, Refusal> {
    let text = format!("{line}\r\nHost: 127.0.0.1:8080\r\n{headers}\r\n");
    wish(text.as_bytes()).unwrap_or_else(|| panic!("not a whole request: {text}"))
}

fn wish(bytes: &[u8]) -> Option<Result<Wish, Refusal>> {
    match hear(bytes, PORT) {
        Heard::Partly => None,
        Heard::Whole(asked) => Some(asked.wish),
    }
}

#[test]
fn only_the_loopback_names_with_the_port_are_this_server() {
    let check = |host: &str, expected| assert_eq!(is_here(host.as_bytes(), PORT), expected, "{host}");
    check("127.0.0.1:8080", true);
    check("LocalHost:8080", true);
    for host in ["", "127.0.0.1", "127.0.0.1:80", "localhost", "evil.example:8080", "127.0.0.1:8080.evil.example"] {
        check(host, false);
    }
    assert!(is_here(b"localhost", 80) && !is_here(b"evil.example", 80));
}

#[test]
fn two_addresses_can_be_read() {
    assert_eq!(asked("GET / HTTP/1.1", ""), Ok(Wish::Page));
    assert_eq!(asked("HEAD / HTTP/1.0", "Content-Length: 0\r\n"), Ok(Wish::Page));
    assert_eq!(asked("GET /state.json HTTP/1.1", ""), Ok(Wish::News { known: None }));
    assert_eq!(asked("GET /state.json?rows=12 HTTP/1.1", ""), Ok(Wish::News { known: Some(12) }));
    assert_eq!(asked("GET /state.json?rows=99999999999999999999999 HTTP/1.1", ""), Ok(Wish::News { known: None }));
    for path in ["/state.json/", "/../recipe.toml", "//", "*", "/%2e%2e/recipe.toml"] {
        assert_eq!(asked(&format!("GET {path} HTTP/1.1"), ""), Err(Refusal::NotFound), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"] {
        assert_eq!(asked(&format!("{method} / HTTP/1.1"), ""), Err(Refusal::Method), "{method}");
    }
}

#[test]
fn the_end_of_training_takes_a_post_with_a_token() {
    let token = "0123456789abcdef0123456789abcdef";
    let header = format!("X-Minibatch-Token: {token}\r\nContent-Length: 0\r\n");
    let wished = |token: Option<&str>| Ok(Wish::Stop { token: token.map(|it| it.as_bytes().try_into().unwrap()) });
    assert_eq!(asked("POST /stop HTTP/1.1", &header), wished(Some(token)));
    assert_eq!(asked("POST /stop HTTP/1.1", ""), wished(None));
    assert_eq!(asked("POST /stop HTTP/1.1", "X-Minibatch-Token: 0123\r\n"), wished(None));
    assert_eq!(asked("GET /stop HTTP/1.1", &header), Err(Refusal::NotFound));
    assert_eq!(asked("PUT /stop HTTP/1.1", &header), Err(Refusal::Method));
    assert_eq!(asked("POST /stop?a HTTP/1.1", &header), Err(Refusal::Method));
    let elsewhere = format!("{header}Origin: http://evil.example\r\n");
    assert_eq!(asked("POST /stop HTTP/1.1", &elsewhere), Err(Refusal::OtherOrigin));
    assert_eq!(asked("POST /stop HTTP/1.1", "Content-Length: 3\r\n"), Err(Refusal::Body));
}

#[test]
fn a_body_of_any_announced_length_is_refused() {
    for length in ["1", "100000000000", "18446744073709551615", "18446744073709551616", &"9".repeat(4000), "007"] {
        let refused = asked("GET / HTTP/1.1", &format!("content-length: {length}\r\n"));
        assert_eq!(refused, Err(Refusal::Body), "{length}");
    }
    for length in ["", "-1", "+5", "0x10", "1e9", "5, 5", "\u{663}"] {
        let refused = asked("GET / HTTP/1.1", &format!("Content-Length: {length}\r\n"));
        assert_eq!(refused, Err(Refusal::Malformed), "{length:?}");
    }
    assert_eq!(asked("GET / HTTP/1.1", "Content-Length: 0\r\nContent-Length: 7\r\n"), Err(Refusal::Body));
    assert_eq!(asked("GET / HTTP/1.1", "Transfer-Encoding: chunked\r\n"), Err(Refusal::Body));
    assert_eq!(asked("GET / HTTP/1.1", "Transfer-Encoding:\r\n"), Err(Refusal::Body));
}

#[test]
fn those_from_elsewhere_are_told_nothing_else() {
    let own = ["http://127.0.0.1:8080", "http://localhost:8080"];
    for origin in own {
        assert_eq!(asked("GET / HTTP/1.1", &format!("Origin: {origin}\r\n")), Ok(Wish::Page), "{origin}");
    }
    for origin in
        ["null", "http://evil.example", "https://127.0.0.1:8080", "http://127.0.0.1:8081", "", "127.0.0.1:8080"]
    {
        for line in ["GET / HTTP/1.1", "POST /x HTTP/1.1"] {
            let headers = format!("Content-Length: 100000000000\r\nOrigin: {origin}\r\n");
            assert_eq!(asked(line, &headers), Err(Refusal::OtherOrigin), "{origin}");
        }
    }
    for (site, rest, expected) in [
        ("none", "", Ok(Wish::Page)),
        ("same-origin", "", Ok(Wish::Page)),
        ("same-site", "", Err(Refusal::OtherOrigin)),
        ("cross-site", "Sec-Fetch-Mode: no-cors\r\n", Err(Refusal::OtherOrigin)),
        ("cross-site", "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n", Err(Refusal::OtherOrigin)),
        ("cross-site", "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n", Ok(Wish::Page)),
    ] {
        assert_eq!(asked("GET / HTTP/1.1", &format!("Sec-Fetch-Site: {site}\r\n{rest}")), expected, "{site} {rest}");
    }
    let huge = b"GET / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100000000000\r\n\r\n";
    assert_eq!(wish(huge), Some(Err(Refusal::OtherHost)));
    assert_eq!(wish(b"GET / HTTP/1.0\r\n\r\n"), Some(Err(Refusal::OtherHost)));
    assert_eq!(asked("GET / HTTP/1.1", "Host: 127.0.0.1:8080\r\n"), Err(Refusal::Malformed), "two hosts");
}

#[test]
fn heads_end_somewhere() {
    let head = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nCookie: {}", "c".repeat(LONGEST));
    assert_eq!(wish(&head.as_bytes()[..LONGEST - 1]), None);
    assert_eq!(wish(&head.as_bytes()[..LONGEST]), Some(Err(Refusal::LongHead)));
    assert_eq!(wish(&vec![b'G'; LONGEST]), Some(Err(Refusal::LongTarget)));
    assert_eq!(wish(&b"\r\n".repeat(LONGEST / 2)), Some(Err(Refusal::LongHead)));
    assert_eq!(asked("GET / HTTP/1.1", &"a: b\r\n".repeat(MOST_HEADERS)), Err(Refusal::LongHead));
    assert_eq!(asked("GET / HTTP/1.1", &"a: b\r\n".repeat(MOST_HEADERS - 1)), Ok(Wish::Page));
    for garbage in [&b"\x16\x03\x01\x02\0\x01\0"[..], b"PRI * HTTP/2.0\r\n\r\n", b"\0", b"GET  / HTTP/1.1\r\n\r\n"] {
        assert_eq!(wish(garbage), Some(Err(Refusal::Malformed)), "{garbage:?}");
    }
}

/// Pieces of requests, so that what proptest puts together comes near to one.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "GET ",
        "HEAD ",
        "POST ",
        "/",
        "/state.json?rows=",
        " HTTP/1.1",
        "\r\n",
        "\n",
        ": ",
        "Host: 127.0.0.1:8080\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "Origin: null\r\n",
        "99999999999999999999",
    ]);
    prop_oneof![
        4 => known.prop_map(|text: &str| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (any::<u8>(), 0..LONGEST).prop_map(|(byte, count)| vec![byte; count]),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_is_bounded_and_no_panic(pieces in prop::collection::vec(piece(), 0..24)) {
        let bytes = pieces.concat();
        match hear(&bytes, PORT) {
            Heard::Partly => prop_assert!(bytes.len() < LONGEST),
            // Nothing is answered that does not call the server by its name, and nothing with a body.
            Heard::Whole(Asked { wish: Ok(_), .. }) => {
                let text = String::from_utf8_lossy(&bytes).to_lowercase();
                let ends = ["\n\r\n", "\n\n"].map(|end| text.find(end).map_or(text.len(), |place| place + 1));
                let head = &text[..ends[0].min(ends[1])];
                prop_assert!(text.contains("host: 127.0.0.1:8080"), "{text}");
                prop_assert!(!head.contains("transfer-encoding: chunked\r\n"), "{text}");
            }
            Heard::Whole(_) => {}
        }
    }

    /// A request that is cut anywhere asks for nothing yet.
    #[test]
    fn part_of_a_request_is_never_answered(cut in 0usize..75, known in any::<u32>()) {
        let whole = format!("GET /state.json?rows={known} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\n\r\n");
        prop_assert_eq!(wish(whole.as_bytes()), Some(Ok(Wish::News { known: Some(known as usize) })));
        prop_assert_eq!(wish(&whole.as_bytes()[..cut.min(whole.len() - 1)]), None);
    }
}

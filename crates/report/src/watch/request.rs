//! What a request asks for, decided from its bytes alone. Whoever sends them may be anybody: a web page of another
//! origin, a program that knocks at every port. So little is taken: a head of bounded size, two addresses, no body.

use super::stop::Token;
use httparse::{EMPTY_HEADER, Error, Status};

/// Bytes that a request's head may have. Browsers send about 1 kB, more where other servers of this machine left
/// cookies.
pub const LONGEST: usize = 16 << 10;
const MOST_HEADERS: usize = 100;
/// Where a page asks for the end of training, and the header that brings the token: no form and no link can send one.
const STOP: &str = "/stop";
const TOKEN: &str = "X-Minibatch-Token";

/// What the bytes that came so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The beginning of a request, shorter than [`LONGEST`].
    Partly,
    /// A request's head, or something that will never become one.
    Whole(Asked),
}

/// A request that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `HEAD`: the answer's head is wanted, without its text.
    pub head_only: bool,
    pub wish: Result<Wish, Refusal>,
}

/// What there is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Page,
    /// The parts of the page that change, for one that shows `known` validations.
    News {
        known: Option<usize>,
    },
    /// The end of training after its epoch, with the token that this takes; `None` where it is not as long as one.
    Stop {
        token: Option<Token>,
    },
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Malformed,
    OtherHost,
    OtherOrigin,
    NotFound,
    Method,
    Token,
    TooSlow,
    Body,
    LongTarget,
    LongHead,
    Busy,
}

impl Refusal {
    /// The status with its reason, and a line for people.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Refusal::Malformed => ("400 Bad Request", "this is not a request of HTTP/1.1"),
            Refusal::OtherHost => ("403 Forbidden", "call this server by the address that training printed"),
            Refusal::OtherOrigin => ("403 Forbidden", "pages from elsewhere cannot read this one"),
            Refusal::NotFound => ("404 Not Found", "there is nothing here: the page is at /"),
            Refusal::Method => ("405 Method Not Allowed", "this page can only be read"),
            Refusal::Token => ("403 Forbidden", "stopping takes the address that training printed for it"),
            Refusal::TooSlow => ("408 Request Timeout", "the request took too long"),
            Refusal::Body => ("413 Content Too Large", "a request may have no body here"),
            Refusal::LongTarget => ("414 URI Too Long", "the address is too long: the page is at /"),
            Refusal::LongHead => ("431 Request Header Fields Too Large", "the request's headers are too long"),
            Refusal::Busy => ("503 Service Unavailable", "too many connections are open: try again"),
        }
    }
}

/// Looks at the bytes that came so far, for the server that listens on `port`.
pub fn hear(bytes: &[u8], port: u16) -> Heard {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let refusal = match request.parse(bytes) {
        Ok(Status::Complete(_)) => {
            let head_only = request.method == Some("HEAD");
            return Heard::Whole(Asked { head_only, wish: judge(&request, port) });
        }
        Ok(Status::Partial) if bytes.len() < LONGEST => return Heard::Partly,
        Ok(Status::Partial) if bytes.contains(&b'\n') => Refusal::LongHead,
        Ok(Status::Partial) => Refusal::LongTarget,
        Err(Error::TooManyHeaders) => Refusal::LongHead,
        Err(_) => Refusal::Malformed,
    };
    Heard::Whole(Asked { head_only: false, wish: Err(refusal) })
}

/// What is asked for, or why it is not answered. Who asks comes first, so that those from elsewhere learn nothing else.
fn judge(request: &httparse::Request<'_, '_>, port: u16) -> Result<Wish, Refusal> {
    let values = |name: &'static str| {
        let named = request.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value.trim_ascii())
    };
    match (values("Host").next(), values("Host").count()) {
        (Some(host), 1) if is_here(host, port) => {}
        (_, 0 | 1) => return Err(Refusal::OtherHost),
        _ => return Err(Refusal::Malformed),
    }
    let own = |origin: &[u8]| origin.strip_prefix(b"http://").is_some_and(|host| is_here(host, port));
    if !values("Origin").all(own) || values("Sec-Fetch-Site").any(|site| !is_own_site(site, request)) {
        return Err(Refusal::OtherOrigin);
    }
    let stops = request.method == Some("POST") && request.path == Some(STOP);
    if !stops && !matches!(request.method, Some("GET" | "HEAD")) {
        return Err(Refusal::Method);
    }
    if values("Content-Length").any(|length| length.is_empty() || !length.iter().all(u8::is_ascii_digit)) {
        return Err(Refusal::Malformed);
    }
    // Its digits are looked at, and never become a number: a length may be any.
    if values("Transfer-Encoding").next().is_some() || values("Content-Length").any(|l| l.iter().any(|&d| d != b'0')) {
        return Err(Refusal::Body);
    }
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match path {
        STOP if stops => Ok(Wish::Stop { token: values(TOKEN).next().and_then(|token| token.try_into().ok()) }),
        "/" => Ok(Wish::Page),
        "/state.json" => Ok(Wish::News { known: query.strip_prefix("rows=").and_then(|rows| rows.parse().ok()) }),
        _ => Err(Refusal::NotFound),
    }
}

/// Whether a host names this server.
fn is_here(host: &[u8], port: u16) -> bool {
    let names = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    // A browser leaves out the port that http has anyway.
    let short = ["127.0.0.1", "localhost"].into_iter().filter(|_| port == 80);
    names.iter().map(String::as_str).chain(short).any(|name| host.eq_ignore_ascii_case(name.as_bytes()))
}

/// Whether a browser says that this server's own page or a person asks; a link elsewhere that a person follows counts.
fn is_own_site(site: &[u8], request: &httparse::Request<'_, '_>) -> bool {
    let says = |name: &str, value: &[u8]| {
        request.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name) && header.value == value)
    };
    matches!(site, b"same-origin" | b"none")
        || says("Sec-Fetch-Mode", b"navigate") && says("Sec-Fetch-Dest", b"document")
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;

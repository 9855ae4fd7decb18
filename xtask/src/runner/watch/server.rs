//! The server: two addresses that can be read, and nothing that can be written. It listens on the loopback address
//! alone, and answers only those who call it by that name, so that no page from elsewhere can read it through a name
//! that was made to point here.

use super::board::Board;
use super::page;
use anyhow::Result;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use tiny_http::{Header, Method, Request, Response, Server};

/// What a browser may do with an answer: run the page's own script, and ask this server.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers on a thread of its own until the process ends.
pub fn start(listener: TcpListener, board: Arc<Board>) -> Result<SocketAddr> {
    let address = listener.local_addr()?;
    let server = Server::from_listener(listener, None).map_err(anyhow::Error::from_boxed)?;
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        for request in server.incoming_requests() {
            let answer = answer(&request, address.port(), &board);
            // Whoever asked may be gone; that is no concern of training.
            let _ = request.respond(answer.into_response());
        }
    })?;
    Ok(address)
}

struct Answer {
    status: u16,
    kind: &'static str,
    text: String,
}

fn answer(request: &Request, port: u16, board: &Board) -> Answer {
    let refuse = |status, text: &str| Answer { status, kind: TEXT, text: format!("{text}\n") };
    let host = request.headers().iter().find(|header| header.field.equiv("Host")).map(|host| host.value.as_str());
    if !host.is_some_and(|host| is_here(host, port)) {
        return refuse(403, "call this server by the address that training printed");
    }
    if *request.method() != Method::Get {
        return refuse(405, "this page can only be read");
    }
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let (kind, text) = match path {
        "/" => ("text/html; charset=utf-8", page::html(board)),
        "/state.json" => {
            let known = query.strip_prefix("rows=").and_then(|rows| rows.parse().ok());
            ("application/json", page::news(board, known))
        }
        _ => return refuse(404, "there is nothing here: the page is at /"),
    };
    match text {
        Ok(text) => Answer { status: 200, kind, text },
        Err(error) => refuse(500, &format!("{error:#}")),
    }
}

/// Whether a `Host` names this server.
fn is_here(host: &str, port: u16) -> bool {
    [format!("127.0.0.1:{port}"), format!("localhost:{port}")].iter().any(|name| host.eq_ignore_ascii_case(name))
}

impl Answer {
    fn into_response(self) -> Response<std::io::Cursor<Vec<u8>>> {
        let headers = [
            ("Content-Type", self.kind),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Allow", "GET"),
        ];
        let headers = headers.iter().filter(|(name, _)| *name != "Allow" || self.status == 405);
        let headers = headers.filter_map(|(name, value)| Header::from_bytes(*name, *value).ok());
        headers.fold(Response::from_string(self.text).with_status_code(self.status), Response::with_header)
    }
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn only_the_loopback_names_with_the_port_are_this_server() {
        let check = |host, expected| assert_eq!(is_here(host, 8080), expected, "{host}");
        check("127.0.0.1:8080", true);
        check("LocalHost:8080", true);
        for host in ["", "127.0.0.1", "127.0.0.1:80", "localhost", "evil.example:8080", "127.0.0.1:8080.evil.example"] {
            check(host, false);
        }
    }
}

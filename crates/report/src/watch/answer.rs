//! Answers as bytes: a head that lets a browser keep and embed nothing, and a text that several answers may share.

use super::request::Refusal;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use std::sync::Arc;

/// What a browser may do with an answer: run the page's own script, and ask this server.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer of HTTP/1.1, the only one on its connection.
pub struct Answer {
    head: String,
    text: Arc<str>,
}

impl Answer {
    /// What was asked for.
    pub fn found(kind: &str, text: Arc<str>) -> Answer {
        Answer::new("200 OK", kind, text)
    }

    /// Why it is not to be had.
    pub fn refused(refusal: Refusal) -> Answer {
        let (status, line) = refusal.words();
        Answer::new(status, TEXT, format!("{line}\n").into())
    }

    /// It should be there, but cannot be drawn.
    pub fn failed(error: &crate::Error) -> Answer {
        Answer::new("500 Internal Server Error", TEXT, format!("{error}\n").into())
    }

    fn new(status: &str, kind: &str, text: Arc<str>) -> Answer {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()).unwrap_or_default();
        let length = text.len();
        let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\
             Cache-Control: no-store\r\nContent-Security-Policy: {POLICY}\r\nX-Content-Type-Options: nosniff\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\n{allow}\r\n"
        );
        Answer { head, text }
    }

    /// The answer to `HEAD`: the same head, and no text.
    pub fn head_only(self) -> Answer {
        Answer { text: "".into(), ..self }
    }

    /// What is left to send after the first `sent` bytes, or a piece of it; empty at the end.
    pub fn rest(&self, sent: usize) -> &[u8] {
        let head = self.head.as_bytes();
        head.get(sent..).filter(|rest| !rest.is_empty()).unwrap_or_else(|| {
            let text = self.text.as_bytes();
            text.get(sent - head.len()..).unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that would be sent, in pieces of at most `step` bytes.
    fn sent(answer: &Answer, step: usize) -> String {
        let mut all = Vec::new();
        while let rest @ [_, ..] = answer.rest(all.len()) {
            all.extend_from_slice(&rest[..rest.len().min(step)]);
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn an_answer_in_pieces_is_the_same_answer() {
        let answer = Answer::found("text/html", "the page".into());
        let whole = sent(&answer, usize::MAX);
        assert_eq!(sent(&answer, 7), whole);
        assert!(whole.starts_with("HTTP/1.1 200 OK\r\nDate: ") && whole.ends_with("\r\n\r\nthe page"), "{whole}");
        assert!(whole.contains("\r\nContent-Length: 8\r\n") && whole.contains(" GMT\r\n"), "{whole}");
        assert_eq!(sent(&answer.head_only(), 7), whole.trim_end_matches("the page"));
    }

    #[test]
    fn what_may_be_asked_is_said_where_it_was_not() {
        assert!(sent(&Answer::refused(Refusal::Method), 100).contains("\r\nAllow: GET, HEAD\r\n"));
        assert!(!sent(&Answer::refused(Refusal::NotFound), 100).contains("Allow"));
    }
}

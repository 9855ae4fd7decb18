//! Which mirrors have an address. All are looked up at once, so that without a network the last of them is given up as early as the first.

use std::collections::HashMap;
use std::net::ToSocketAddrs;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use ureq::Proxy;
use ureq::http::Uri;

/// Why mirrors of `urls` need not be asked, by their URL: their hosts have no address, or none was found in `time`. Empty where one mirror
/// is all there is, and where a proxy is set, which looks for the address itself.
pub(super) fn without_address(urls: &[String], time: Duration) -> HashMap<String, String> {
    if urls.len() < 2 || Proxy::try_from_env().is_some() {
        return HashMap::new();
    }
    let (told, answers) = channel();
    let mut asked: Vec<&String> = Vec::new();
    for url in urls {
        let Some(host) = host(url) else { continue };
        let (told, url_asked) = (told.clone(), url.clone());
        let look_up = move || {
            let found = host.to_socket_addrs().is_ok_and(|mut addresses| addresses.next().is_some());
            // Nobody listens any more where the time is over.
            let _ = told.send((url_asked, found));
        };
        // Where the system refuses a thread, the mirror is asked as it comes.
        if thread::Builder::new().spawn(look_up).is_ok() {
            asked.push(url);
        }
    }
    let end = Instant::now() + time;
    let mut found: HashMap<String, bool> = HashMap::new();
    while found.len() < asked.len()
        && let Ok((url, is_found)) = answers.recv_timeout(end.saturating_duration_since(Instant::now()))
    {
        found.insert(url, is_found);
    }
    let reason = |url: &String| match found.get(url) {
        Some(true) => None,
        Some(false) => Some("the host's address is not known; is there a network?".to_owned()),
        None => Some(format!("the host's address was not found within {time:?}; is there a network?")),
    };
    asked.into_iter().filter_map(|url| Some((url.clone(), reason(url)?))).collect()
}

/// Host and port of a URL.
fn host(url: &str) -> Option<(String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    Some((uri.host()?.trim_matches(['[', ']']).to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_those_of_the_url() {
        assert_eq!(host("https://example.org/a/b.gz"), Some(("example.org".into(), 443)));
        assert_eq!(host("http://127.0.0.1:8080/x"), Some(("127.0.0.1".into(), 8080)));
        assert_eq!(host("http://[::1]/x"), Some(("::1".into(), 80)));
        assert_eq!(host("no url"), None);
    }

    #[test]
    fn a_host_without_an_address_is_named_and_one_mirror_alone_is_asked_as_it_is() {
        let urls = ["http://127.0.0.1:9/a".to_owned(), "http://no-such-host.invalid/a".to_owned()];
        let found = without_address(&urls, Duration::from_secs(60));
        if Proxy::try_from_env().is_some() {
            return eprintln!("SKIPPED: a proxy is set");
        }
        assert!(found[&urls[1]].contains("is there a network?") && !found.contains_key(&urls[0]), "{found:?}");
        assert!(without_address(&urls[1..], Duration::from_secs(60)).is_empty());
    }
}

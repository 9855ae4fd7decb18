//! The downloader against a server that misbehaves.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::server::{Answer, Server};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tensor_data::Error;
use tensor_data::catalog::{Part, Published};
use tensor_data::fetch::{Progress, Remote, Settings, fetch};
use tensor_data::files::NAMES;

/// Content that gzip cannot make small, so that cut-offs fall inside it.
fn content() -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..200_000).map(|_| next()).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn packed() -> Vec<u8> {
    gzip(&content())
}

fn wrong() -> Vec<u8> {
    let mut content = content();
    content[100_000] ^= 1;
    gzip(&content)
}

fn remote(servers: &[&Server]) -> Remote {
    Remote {
        name: "file.gz".to_owned(),
        mirrors: servers.iter().map(|server| server.url()).collect(),
        bytes: content().len() as u64,
        sha256: format!("{:x}", Sha256::digest(content())),
    }
}

fn settings() -> Settings {
    Settings {
        resolve: Duration::from_secs(5),
        connect: Duration::from_secs(5),
        stall: Duration::from_millis(300),
        attempts: 3,
        backoff: Duration::from_millis(10),
    }
}

fn fetch_quietly(servers: &[&Server], dir: &Path) -> Result<PathBuf, Error> {
    fetch(&remote(servers), dir, &settings(), &mut |_| {})
}

/// The content arrives whole from a server with these answers, which is asked for exactly these ranges.
#[track_caller]
fn check(answers: Vec<Answer>, ranges: &[Option<&str>]) {
    let (server, dir) = (Server::start(answers), TempDir::new().unwrap());
    let path = fetch_quietly(&[&server], dir.path()).unwrap();
    assert_eq!(fs::read(path).unwrap(), packed());
    assert_eq!(server.ranges(), ranges.iter().map(|range| range.map(str::to_owned)).collect::<Vec<_>>());
    assert_eq!(left_behind(dir.path()), ["file.gz"]);
}

/// The only mirror is given up for this reason after so many requests.
#[track_caller]
fn check_failure(answers: Vec<Answer>, reason: &str, requests: usize) {
    let (server, dir) = (Server::start(answers), TempDir::new().unwrap());
    let error = fetch_quietly(&[&server], dir.path()).unwrap_err();
    let Error::Fetch { tried, .. } = &error else { panic!("{error}") };
    assert!(tried[0].reason.contains(reason), "{}", tried[0].reason);
    assert_eq!(server.ranges().len(), requests);
    assert!(!dir.path().join("file.gz").exists());
}

/// Files in the folder.
fn left_behind(dir: &Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_good_server_is_asked_once() {
    check(vec![Answer::Content(packed())], &[None]);
}

#[test]
fn a_redirect_is_followed() {
    let other = Server::start(vec![Answer::Content(packed())]);
    check(vec![Answer::Redirect(other.url())], &[None]);
}

#[test]
fn after_a_cut_off_only_the_rest_is_asked_for() {
    check(
        vec![Answer::CutOff(packed(), 70_000), Answer::CutOff(packed(), 50_000), Answer::Content(packed())],
        &[None, Some("bytes=70000-"), Some("bytes=120000-")],
    );
}

#[test]
fn a_stalled_transfer_is_broken_off_and_continued() {
    let began = Instant::now();
    check(vec![Answer::Stall(packed(), 1000), Answer::Content(packed())], &[None, Some("bytes=1000-")]);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_slow_server_within_the_time_allowed_is_waited_for() {
    check(vec![Answer::Late(Duration::from_millis(100), Box::new(Answer::Content(packed())))], &[None]);
}

#[test]
fn a_silent_server_is_given_up() {
    let silent = Answer::Late(Duration::from_secs(20), Box::new(Answer::Status(200)));
    check_failure(vec![silent; 3], "no byte came for 300ms (attempt 3 of 3)", 3);
}

#[test]
fn a_server_that_ignores_ranges_sends_everything_again() {
    check(vec![Answer::CutOff(packed(), 70_000), Answer::IgnoreRange(packed())], &[None, Some("bytes=70000-")]);
}

#[test]
fn another_range_than_asked_for_is_not_believed() {
    check(
        vec![Answer::CutOff(packed(), 70_000), Answer::WrongRange(packed()), Answer::Content(packed())],
        &[None, Some("bytes=70000-"), None],
    );
}

#[test]
fn a_busy_server_is_asked_again() {
    check(vec![Answer::Status(503), Answer::Status(503), Answer::Content(packed())], &[None, None, None]);
}

#[test]
fn a_connection_closed_without_an_answer_is_tried_again() {
    check_failure(vec![], "(attempt 3 of 3)", 3);
}

#[test]
fn a_resumed_file_with_wrong_content_is_fetched_once_more_from_the_start() {
    check(
        vec![Answer::CutOff(wrong(), 150_000), Answer::Content(packed()), Answer::Content(packed())],
        &[None, Some("bytes=150000-"), None],
    );
}

#[test]
fn wrong_content_is_not_kept() {
    check_failure(vec![Answer::Content(wrong())], "the SHA-256 of its content is", 1);
}

#[test]
fn content_cut_off_unnoticed_is_not_kept() {
    check_failure(vec![Answer::CutOffUnnoticed(packed(), 70_000)], "cut off", 1);
}

#[test]
fn a_web_page_in_place_of_the_file_is_not_kept() {
    check_failure(vec![Answer::Content(b"<html>Sign in</html>".to_vec())], "its content has 20 bytes", 1);
}

#[test]
fn a_server_that_sends_without_end_is_stopped() {
    check_failure(vec![Answer::Content(vec![7; 10_000_000])], "more than the expected 200000 bytes", 1);
}

#[test]
fn gzip_that_unpacks_to_far_more_than_the_content_is_not_kept() {
    check_failure(vec![Answer::Content(gzip(&vec![0; 50_000_000]))], "larger than the expected 200000 bytes", 1);
}

#[test]
fn a_mirror_that_refuses_is_left_at_once() {
    for (status, reason) in [(403, "403 Forbidden"), (404, "404 Not Found")] {
        check_failure(vec![Answer::Status(status), Answer::Content(packed())], reason, 1);
    }
}

#[test]
fn an_answer_that_is_not_http_does_no_harm() {
    check_failure(vec![Answer::Nonsense; 3], "(attempt 3 of 3)", 3);
}

#[test]
fn the_next_mirror_goes_on_where_the_last_one_broke_off() {
    let first = Server::start(vec![Answer::CutOff(packed(), 70_000), Answer::Status(403)]);
    let second = Server::start(vec![Answer::Content(packed())]);
    let dir = TempDir::new().unwrap();
    let path = fetch_quietly(&[&first, &second], dir.path()).unwrap();
    assert_eq!(fs::read(path).unwrap(), packed());
    assert_eq!(second.ranges(), [Some("bytes=70000-".to_owned())]);
}

#[test]
fn the_error_lists_every_mirror_with_its_reason_and_says_where_the_file_belongs() {
    let first = Server::start(vec![Answer::Status(403)]);
    let second = Server::start(vec![Answer::Content(wrong())]);
    let dir = TempDir::new().unwrap();
    let mut remote = remote(&[&first, &second]);
    // A port that nothing listens on.
    remote.mirrors.push("http://127.0.0.1:1/file.gz".to_owned());
    let message = fetch(&remote, dir.path(), &settings(), &mut |_| {}).unwrap_err().to_string();
    let reasons = ["403 Forbidden", "SHA-256", "no connection"];
    for (url, reason) in remote.mirrors.iter().zip(reasons) {
        let line = message.lines().find(|line| line.contains(url.as_str())).unwrap();
        assert!(line.contains(reason), "{line}");
    }
    assert!(message.contains(&dir.path().display().to_string()), "{message}");
    assert!(left_behind(dir.path()).is_empty());
}

#[test]
fn an_interrupted_run_is_continued_by_the_next_one() {
    let dir = TempDir::new().unwrap();
    let failing = Server::start(vec![Answer::CutOff(packed(), 70_000)]);
    fetch_quietly(&[&failing], dir.path()).unwrap_err();
    assert_eq!(left_behind(dir.path()), ["file.gz.part"]);

    let server = Server::start(vec![Answer::Content(packed())]);
    fetch_quietly(&[&server], dir.path()).unwrap();
    assert_eq!(server.ranges(), [Some("bytes=70000-".to_owned())]);
    assert_eq!(left_behind(dir.path()), ["file.gz"]);
}

#[test]
fn a_part_that_is_complete_is_taken_without_asking() {
    let (server, dir) = (Server::start(vec![]), TempDir::new().unwrap());
    fs::write(dir.path().join("file.gz.part"), packed()).unwrap();
    fetch_quietly(&[&server], dir.path()).unwrap();
    assert!(server.ranges().is_empty());
}

#[test]
fn a_part_longer_than_the_file_is_fetched_from_the_start() {
    let (server, dir) = (Server::start(vec![Answer::Content(packed()); 2]), TempDir::new().unwrap());
    fs::write(dir.path().join("file.gz.part"), vec![7; 300_000]).unwrap();
    let path = fetch_quietly(&[&server], dir.path()).unwrap();
    assert_eq!(fs::read(path).unwrap(), packed());
    assert_eq!(server.ranges(), [Some("bytes=300000-".to_owned()), None]);
}

#[test]
fn content_that_the_server_has_unpacked_is_as_good() {
    let (server, dir) = (Server::start(vec![Answer::Content(content())]), TempDir::new().unwrap());
    let path = fetch_quietly(&[&server], dir.path()).unwrap();
    assert_eq!(fs::read(path).unwrap(), content());
}

#[test]
fn a_file_that_is_there_is_verified_and_not_fetched() {
    let (server, dir) = (Server::start(vec![]), TempDir::new().unwrap());
    fs::write(dir.path().join("file.gz"), packed()).unwrap();
    let mut seen = Vec::new();
    fetch(&remote(&[&server]), dir.path(), &settings(), &mut |p| seen.push(format!("{p:?}"))).unwrap();
    assert_eq!(seen, [r#"Present { name: "file.gz" }"#]);
    assert!(server.ranges().is_empty());
}

#[test]
fn a_file_with_other_content_is_reported_and_left_alone() {
    let (server, dir) = (Server::start(vec![Answer::Content(packed())]), TempDir::new().unwrap());
    fs::write(dir.path().join("file.gz"), wrong()).unwrap();
    let error = fetch_quietly(&[&server], dir.path()).unwrap_err();
    assert!(error.to_string().contains("move the file away"), "{error}");
    assert_eq!(fs::read(dir.path().join("file.gz")).unwrap(), wrong());
}

#[test]
fn progress_tells_the_whole_story() {
    let server = Server::start(vec![Answer::Status(503), Answer::Content(packed())]);
    let dir = TempDir::new().unwrap();
    let (mut story, mut last) = (Vec::new(), (0, None));
    fetch(&remote(&[&server]), dir.path(), &settings(), &mut |progress| {
        story.push(match progress {
            Progress::Asking { from, .. } => format!("asking from {from}"),
            Progress::Retrying { reason, .. } => format!("retrying: {reason}"),
            Progress::Received { bytes, total, .. } => {
                assert!(bytes > last.0, "bytes only grow");
                last = (bytes, total);
                "received".to_owned()
            }
            Progress::Done { name } => format!("done: {name}"),
            other => panic!("{other:?}"),
        });
    })
    .unwrap();
    story.dedup();
    let retrying = "retrying: the server answered 503 Service Unavailable";
    assert_eq!(story, ["asking from 0", retrying, "asking from 0", "received", "done: file.gz"]);
    let size = packed().len() as u64;
    assert_eq!(last, (size, Some(size)));
}

#[test]
fn two_at_once_fetch_one_after_the_other() {
    let slow = Answer::Late(Duration::from_millis(200), Box::new(Answer::Content(packed())));
    let (server, dir) = (Server::start(vec![slow; 2]), TempDir::new().unwrap());
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| fetch_quietly(&[&server], dir.path())));
        for outcome in both.map(|thread| thread.join().unwrap()) {
            assert_eq!(fs::read(outcome.unwrap()).unwrap(), packed());
        }
    });
    assert_eq!(server.ranges().len(), 1, "the second finds the file in place");
    assert_eq!(left_behind(dir.path()), ["file.gz"]);
}

/// Neither a lock nor a folder stays where nothing came; what was there before does.
#[test]
fn a_failed_fetch_leaves_no_trace() {
    let (server, dir) = (Server::start(vec![Answer::Status(404); 2]), TempDir::new().unwrap());
    fetch_quietly(&[&server], &dir.path().join("data/mnist")).unwrap_err();
    assert!(left_behind(dir.path()).is_empty(), "{:?}", left_behind(dir.path()));
    fs::create_dir(dir.path().join("data")).unwrap();
    fetch_quietly(&[&server], &dir.path().join("data/mnist")).unwrap_err();
    assert_eq!(left_behind(dir.path()), ["data"]);
    assert!(left_behind(&dir.path().join("data")).is_empty());
}

/// Whoever waits for a lock that its holder then removes must not hold a file that nobody else will lock.
#[test]
fn many_at_once_fetch_once_though_locks_go() {
    let slow = Answer::Late(Duration::from_millis(30), Box::new(Answer::Status(404)));
    let answers = [vec![slow; 3], vec![Answer::Content(packed()); 5]].concat();
    let (server, dir) = (Server::start(answers), TempDir::new().unwrap());
    let folder = dir.path().join("made/by/whoever");
    let good = std::thread::scope(|scope| {
        let all = [(); 8].map(|()| scope.spawn(|| fetch_quietly(&[&server], &folder)));
        all.map(|thread| thread.join().unwrap()).into_iter().filter(Result::is_ok).count()
    });
    assert_eq!((good, server.ranges().len()), (5, 4), "three fail, the fourth fetches, four find it in place");
    assert_eq!(left_behind(&folder), ["file.gz"]);
}

/// Four files of a small data set, as a server packs them, and what is known of them.
fn small_set(server: &'static str) -> ([Vec<u8>; 4], Published) {
    let samples = tensor_data::glyphs::draw(3, 1).unwrap();
    let dir = TempDir::new().unwrap();
    let [images, labels] = ["images", "labels"].map(|name| dir.path().join(name));
    tensor_data::idx::write_samples(&samples, &images, &labels).unwrap();
    let pair = [images, labels].map(|path| fs::read(path).unwrap());
    let contents = [pair[0].clone(), pair[1].clone(), pair[0].clone(), pair[1].clone()];
    let part = |content: &Vec<u8>| Part {
        bytes: content.len() as u64,
        sha256: format!("{:x}", Sha256::digest(content)).leak(),
    };
    let parts = contents.each_ref().map(part);
    (contents.map(|content| gzip(&content)), Published { parts, mirrors: vec![server].leak() })
}

#[test]
fn a_data_set_is_fetched_file_by_file() {
    let (files, _) = small_set("");
    let server = Server::start(files.iter().cloned().map(Answer::Content).collect());
    let (files, published) = small_set(server.address().to_owned().leak());
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("some-set");
    published.fetch(&folder, &settings(), &mut |_| {}).unwrap();
    for (name, packed) in NAMES.iter().zip(&files) {
        assert_eq!(&fs::read(folder.join(format!("{name}.gz"))).unwrap(), packed, "{name}");
    }
    assert_eq!(left_behind(&folder).len(), 4, "{:?}", left_behind(&folder));
    // The second time, everything is there; a file of other content is left alone.
    published.fetch(&folder, &settings(), &mut |_| {}).unwrap();
    assert_eq!(server.ranges().len(), 4);
    fs::write(folder.join(format!("{}.gz", NAMES[1])), &files[0]).unwrap();
    let error = published.fetch(&folder, &settings(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Different { .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let (server, dir) = (Server::start(vec![]), TempDir::new().unwrap());
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = fetch_quietly(&[&server], &file.join("data")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write"), "{error}");
}

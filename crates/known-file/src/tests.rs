use std::io::Write;
use std::net::TcpListener;
use std::thread;

use super::*;

const CONTENT: &[u8] = b"four tensors and a half";
/// `sha256sum` of the content.
const SHA256: &str = "31ad46a846e78e859ad97c986c57414f86490acd56928f11e03a65f2d8a46f84";

/// A server that answers one request with `body`; gives the URL of its file.
fn server(status: &'static str, body: &'static [u8]) -> &'static str {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file.bin", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
        stream.write_all(body).unwrap();
    });
    Box::leak(url.into_boxed_str())
}

fn known(mirrors: Vec<&'static str>) -> KnownFile {
    KnownFile { name: "file.bin", sha256: SHA256, bytes: CONTENT.len() as u64, origin: Origin::Web(mirrors.leak()) }
}

#[test]
fn a_file_comes_from_the_first_mirror_that_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("made");
    let file = known(vec![server("404 Not Found", b""), server("200 OK", CONTENT)]);
    assert_eq!(file.cached(&cache).unwrap(), None);
    let path = file.fetch(&cache, &[], &mut |_| ()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), CONTENT);
    assert_eq!(file.cached(&cache).unwrap(), Some(path.clone()));
    fs::write(&path, b"other").unwrap();
    let told = file.cached(&cache).unwrap_err().to_string();
    assert!(told.contains("file.bin is damaged (SHA-256 ") && told.contains("remove it"), "{told}");
}

#[test]
fn other_content_is_never_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = known(vec![server("200 OK", b"four tensors and a half!")]);
    let told = file.fetch(folder.path(), &[], &mut |_| ()).unwrap_err().to_string();
    assert!(told.contains("127.0.0.1"), "{told}");
    assert_eq!(file.cached(folder.path()).unwrap(), None);
}

#[test]
fn without_a_python_a_package_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::Package { requirement: "nothing==1.0", choice: &[], member: "file" };
    let file = KnownFile { name: "file", sha256: SHA256, bytes: 1, origin };
    let told = file.fetch(folder.path(), &[], &mut |_| ()).unwrap_err().to_string();
    assert!(told.contains("python3"), "{told}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

//! The pages of runs that are being trained: they can be read from this machine and change, and training takes no notice.

use crate::runs::{Place, RECIPE, signal, wait_until};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A run that trains until the end of its test.
pub struct Watched {
    pub child: Child,
    /// Kept open, so that the run can continue writing.
    out: BufReader<ChildStdout>,
    pub page: Page,
}

impl Watched {
    fn start(place: &Place, words: &str) -> Watched {
        let mut child = place.minibatch(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("watch   http://127.0.0.1:") {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "the run ended without a line that names the page");
        }
        let port = line.trim_end().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        Watched { child, out, page: Page(port) }
    }

    /// A long run.
    pub fn long(place: &Place) -> Watched {
        let recipe = place.recipe("net", RECIPE);
        Watched::start(place, &format!("train {recipe} --out {{}}/run --device cpu --epochs 100000 --watch"))
    }

    /// Waits until the page's state is as wished.
    pub fn wait_for(&mut self, wish: impl Fn(&Value) -> bool) {
        let page = self.page;
        wait_until(&mut self.child, || wish(&page.state()));
    }
}

/// The page, by its port.
#[derive(Clone, Copy)]
pub struct Page(pub u16);

impl Page {
    /// Status line with headers, and text.
    pub fn ask(self, method: &str, path: &str, host: &str) -> (String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.0)).unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), text.to_owned())
    }

    pub fn get(self, path: &str) -> (String, String) {
        self.ask("GET", path, &format!("Host: 127.0.0.1:{}\r\n", self.0))
    }

    pub fn state(self) -> Value {
        serde_json::from_str(&self.get("/state.json").1).unwrap()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_shows_the_run_and_its_state_grows() {
    let place = Place::new();
    let mut run = Watched::long(&place);
    run.wait_for(|state| state["rows"].as_u64() >= Some(2));
    let before = run.page.state();
    assert!(before["curves"].as_str().unwrap().contains("<svg") && before["ended"] == false, "{before}");
    run.wait_for(|state| {
        state["rows"].as_u64() > before["rows"].as_u64() && state["iteration"].as_u64() > before["iteration"].as_u64()
    });
    let (head, page) = run.page.get("/");
    for part in ["HTTP/1.1 200", "Cache-Control: no-store", "connect-src 'self'", "text/html"] {
        assert!(head.contains(part), "{part}: {head}");
    }
    assert!(!head.to_lowercase().contains("access-control"), "{head}");
    for part in ["In training", "id=\"curves\"", "learning_rate", "<th scope=\"row\">device</th>", "fetch('/state.json"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("test error"), "the test set is looked at after training only");
    let known = run.page.get("/state.json?rows=1000000000").1;
    assert!(known.contains("<svg"), "a page that knows other rows is given the curves");
    signal(&run.child, "TERM");
    assert_eq!(run.child.wait().unwrap().code(), Some(143));
}

/// A recipe whose epoch lasts some seconds.
fn slow(place: &Place) -> String {
    let net = RECIPE.replace(
        r#"{ kind = "mlp", hidden = [16], activation = "relu", dropout = 0.2 }"#,
        r#"{ kind = "mlp", hidden = [4000, 2000], activation = "relu" }"#,
    );
    place.recipe("slow", &net.replace("size = 20", "size = 1"))
}

/// Curves and rows of runs that other processes train grow between validations, while somebody watches.
#[test]
fn runs_of_other_processes_move_within_an_epoch() {
    let place = Place::new();
    let recipe = slow(&place);
    let words = format!("train {recipe} --out {{}}/runs/one --device cpu --epochs 1000");
    let mut child = place.minibatch(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until(&mut child, || place.path("runs/one/metrics.csv").exists());
    let mut followed = Watched::start(&place, "watch {}/runs");
    // At a validation the share of the 1000 epochs that is done has no more than three digits.
    let within = |rows: &str| {
        let done = rows.split_once("aria-label=\"done of one\" value=\"").unwrap().1.split_once('"').unwrap().0;
        (done.parse::<f64>().unwrap() * 1000.0).fract() != 0.0
    };
    followed.wait_for(|state| {
        let (rows, curves) = (state["headline"].as_str().unwrap(), state["curves"].as_str().unwrap_or_default());
        rows.contains("<td>training</td>") && within(rows) && curves.contains("polyline")
    });
    wait_until(&mut child, || {
        std::fs::read_to_string(place.path("runs/one/now.csv")).is_ok_and(|it| it.lines().count() > 2)
    });
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(!place.path("runs/one/now.csv").exists(), "nothing is left of it");
}

/// An epoch that lasts some seconds: its curves grow before its first validation.
#[test]
fn the_curves_move_within_an_epoch() {
    let place = Place::new();
    let recipe = slow(&place);
    let words = format!("train {recipe} --out {{}}/run --device cpu --epochs 1000 --watch");
    let mut run = Watched::start(&place, &words);
    run.wait_for(|state| {
        let curves = state["curves"].as_str().unwrap_or_default();
        assert_eq!(state["rows"], 0, "validated before a curve was seen");
        curves.contains("<svg") && curves.contains("training")
    });
    let head = run.page.get("/").1;
    assert!(head.find("time left") < head.find("learning rate"), "the time left stands in the first row");
}

/// With the address that was printed for it, and no other, a page ends training after its epoch.
#[test]
fn a_page_with_the_token_ends_training_after_the_epoch() {
    let place = Place::new();
    let recipe = place.recipe("net", RECIPE);
    let words = format!("train {recipe} --out {{}}/run --device cpu --epochs 100000 --watch --watch-stop");
    let mut run = Watched::start(&place, &words);
    let mut line = String::new();
    run.out.read_line(&mut line).unwrap();
    let token = line.split_once("#stop=").unwrap_or_else(|| panic!("no address to stop at: {line}")).1;
    let token = token.split_whitespace().next().unwrap().to_owned();
    run.wait_for(|state| state["rows"].as_u64() >= Some(2));
    let (page, here) = (run.page, format!("Host: localhost:{}\r\n", run.page.0));
    let ask = |method: &str, token: &str| page.ask(method, "/stop", &format!("{here}X-Minibatch-Token: {token}\r\n")).0;
    let wrong = token.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect::<String>();
    assert!(ask("POST", &wrong).starts_with("HTTP/1.1 403") && ask("POST", "").starts_with("HTTP/1.1 403"));
    assert!(ask("GET", &token).starts_with("HTTP/1.1 404"), "reading ends nothing");
    let elsewhere = format!("{here}X-Minibatch-Token: {token}\r\nOrigin: http://evil.example\r\n");
    assert!(page.ask("POST", "/stop", &elsewhere).0.starts_with("HTTP/1.1 403"));
    assert_eq!(page.state()["stopping"], false);
    assert!(ask("POST", &token).starts_with("HTTP/1.1 200"));
    assert!(run.child.wait().unwrap().success());
    let (summary, metrics) = (place.json("run/summary.json"), place.text("run/metrics.csv"));
    assert_eq!(summary["stopped_by"], "interrupted");
    // 1000 pictures to train with, 20 in a minibatch.
    assert!(
        summary["iterations"].as_u64().unwrap().is_multiple_of(50) && summary["epochs"].as_u64() < Some(100_000),
        "{summary}"
    );
    assert_eq!(metrics.lines().count() as u64 - 1, summary["epochs"].as_u64().unwrap(), "the last epoch was validated");
}

/// A run that was there, one that is being trained, and one that begins while the page is served.
#[test]
fn several_runs_stand_on_one_page() {
    let place = Place::new();
    let recipe = place.recipe("net", RECIPE);
    place.good(&format!("train {recipe} --out {{}}/runs/one --device cpu --epochs 2"));
    let mut followed = Watched::start(&place, "watch {}/runs");
    let row = |state: &Value, run: &str| {
        let rows = state["headline"].as_str().unwrap();
        let rest = rows.split_once(&format!("<bdi>{run}</bdi>")).map(|(_, rest)| rest.to_owned());
        rest.map(|rest| rest.split_once("</tr>").unwrap().0.to_owned())
    };
    let one = row(&followed.page.state(), "one").unwrap();
    assert!(one.contains("<td>ended</td>") && one.contains("value=\"1\"") && one.contains("<td>2 of 2</td>"), "{one}");
    let version = |state: &Value| state["drawn"].as_u64().unwrap();
    let before = version(&followed.page.state());
    assert_eq!(version(&followed.page.state()), before, "nothing has changed");
    assert!(followed.page.get(&format!("/state.json?rows={before}")).1.contains("\"curves\":null"));

    let words = format!("train {recipe} --out {{}}/runs/late --device cpu --epochs 100000");
    let mut child = place.minibatch(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    followed.wait_for(|state| {
        let late = row(state, "late");
        late.is_some_and(|late| {
            late.contains("<td>training</td>")
                && late.contains(" of 100000")
                && !late.contains("<td>–</td><td>–</td><td>–</td>")
        })
    });
    let state = followed.page.state();
    assert!(version(&state) > before && state["curves"].as_str().unwrap().contains("Validation error"), "{state}");
    assert!(state["recipe"].as_str().unwrap().contains("100000"), "the recipes differ in their epochs");
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
    followed.wait_for(|state| row(state, "late").unwrap().contains("<td>interrupted</td>"));

    let Some((page, console)) = visit(&place, followed.page.0) else { return };
    assert!(console.is_empty(), "{console:?}");
    assert!(page.contains("<h1>2 runs</h1>") && page.contains("polyline"), "{page}");
}

#[test]
fn a_folder_that_is_not_there_is_a_wrong_word() {
    let place = Place::new();
    let done = place.run("watch {}/nowhere");
    assert_eq!(done.status, Some(2), "{}", done.err);
    assert!(done.err.contains("there is no folder"), "{}", done.err);
}

#[test]
fn nobody_can_write_or_read_from_elsewhere() {
    let place = Place::new();
    let run = Watched::long(&place);
    let here = format!("Host: localhost:{}\r\n", run.page.0);
    let check = |method: &str, path: &str, host: &str, status: &str| {
        let (head, _) = run.page.ask(method, path, host);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path} {host}: {head}");
    };
    check("GET", "/state.json", &here, "200");
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        check(method, "/state.json", &here, "405");
    }
    check("POST", "/stop", &here, "405");
    check("POST", "/stop", &format!("{here}X-Minibatch-Token: 00000000000000000000000000000000\r\n"), "405");
    for path in ["/report.html", "/recipe.toml", "/../recipe.toml", "/state.json/"] {
        check("GET", path, &here, "404");
    }
    for host in ["Host: evil.example\r\n".to_owned(), format!("Host: evil.example:{}\r\n", run.page.0), String::new()] {
        check("GET", "/state.json", &host, "403");
    }
    for origin in ["null", "http://evil.example", "http://localhost:1"] {
        check("GET", "/state.json", &format!("{here}Origin: {origin}\r\n"), "403");
        check("POST", "/", &format!("{here}Origin: {origin}\r\n"), "403");
    }
    let elsewhere = ["127.0.0.2", "::1"].map(|address| TcpStream::connect((address, run.page.0)).is_err());
    assert_eq!(elsewhere, [true; 2], "another address answers too");
}

#[test]
fn a_watched_run_is_the_same_run_and_can_be_resumed() {
    let place = Place::new();
    let recipe = place.recipe("net", RECIPE);
    place.good(&format!("train {recipe} --out {{}}/alone --device cpu"));
    let mut run = Watched::start(&place, &format!("train {recipe} --out {{}}/seen --device cpu --watch"));
    run.wait_for(|state| state["rows"].as_u64() >= Some(3));
    signal(&run.child, "TERM");
    assert_eq!(run.child.wait().unwrap().code(), Some(143));
    let rows = crate::runs::rows(&place.path("seen"));
    let mut run = Watched::start(&place, "train --resume {}/seen --device cpu --watch");
    run.wait_for(|state| state["rows"].as_u64() >= Some(rows as u64));
    let mut said = String::new();
    run.out.read_to_string(&mut said).unwrap();
    assert!(run.child.wait().unwrap().success() && said.contains("report.html"), "{said}");
    place.assert_same_run("alone", "seen");
}

#[test]
fn the_address_is_kept_apart_from_the_json() {
    let place = Place::new();
    let recipe = place.recipe("net", RECIPE);
    let done = place.good(&format!("train {recipe} --out {{}}/run --device cpu --epochs 1 --watch --json"));
    assert!(done.out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", done.out);
    assert!(done.err.contains("watch   http://127.0.0.1:"), "{}", done.err);
}

#[test]
fn a_port_that_is_taken_ends_the_command_before_there_is_a_run() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let recipe = place.recipe("net", RECIPE);
    let done = place.run(&format!("train {recipe} --out {{}}/run --device cpu --watch --port {port}"));
    assert_eq!(done.status, Some(1));
    assert!(done.err.starts_with(&format!("error: cannot serve the page on 127.0.0.1:{port}")), "{}", done.err);
    assert!(!place.path("run").exists());
}

/// The page as a browser shows it after a while, and what it wrote on its console; `None` without a browser.
fn visit(place: &Place, port: u16) -> Option<(String, Vec<String>)> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let Some(browser) = names.into_iter().find_map(xtask::places::on_path) else {
        eprintln!("SKIPPED: there is no chromium or google-chrome on the PATH");
        return None;
    };
    let profile = format!("--user-data-dir={}", place.path("profile").display());
    let mut visit = Command::new(browser);
    visit.args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--no-proxy-server"]);
    visit.args(["--virtual-time-budget=60000", "--dump-dom", &profile, &format!("http://127.0.0.1:{port}/")]);
    let visit = visit.output().unwrap();
    let log = String::from_utf8_lossy(&visit.stderr);
    let console = log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Some((String::from_utf8_lossy(&visit.stdout).into_owned(), console))
}

#[test]
fn the_page_says_where_the_report_is_when_the_server_is_gone() {
    let place = Place::new();
    let page = Watched::long(&place).page.get("/").1;
    // The page outlives its server: here it comes from another one, which knows nothing else.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let is_page = request.read_line(&mut line).is_ok() && line.starts_with("GET / ");
            while request.read_line(&mut line).is_ok_and(|read| read > 2) {}
            let (status, text) = if is_page { ("200 OK", page.as_str()) } else { ("404 Not Found", "") };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                text.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
        }
    });
    let Some((page, _)) = visit(&place, port) else { return };
    let report = place.path("run/report.html").display().to_string();
    assert!(page.contains(&format!("Training has ended; the report is at {report}")), "{page}");
}

#[test]
fn the_page_renews_itself_in_a_browser() {
    let place = Place::new();
    let mut run = Watched::long(&place);
    run.wait_for(|state| state["rows"].as_u64() >= Some(2));
    let Some((page, console)) = visit(&place, run.page.0) else { return };
    assert!(console.is_empty(), "{console:?}");
    // The attribute stays as it was when the page was loaded; the curves are drawn again.
    let loaded = |page: &str| page.split_once("data-rows=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let drawn = |page: &str| {
        let numbers = page.split_once("<script type=\"application/json\">").unwrap().1.split_once("</script>").unwrap();
        let numbers: Value = serde_json::from_str(numbers.0).unwrap();
        numbers["series"][0]["points"].as_array().unwrap().len()
    };
    assert!(drawn(&page) > loaded(&page).parse().unwrap(), "rows that came later are drawn without a new page");
    assert!(page.contains("In training"));
}

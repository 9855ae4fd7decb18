//! What a visitor does on a report in a browser: sorts, toggles, enlarges, turns pages, with the pointer and the keyboard.

use crate::runs::Place;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Trained in a moment, with mistakes enough for several pages, and a convolution to ask where it looked.
const NET: &str = r#"
epochs = 3
learning_rate = 0.05
data = { set = "mnist", validation = 200 }
minibatch = { size = 50 }
model = { kind = "lenet", filters = [4, 8], hidden = 16 }
checkpoint = { snapshots = 1 }
"#;

/// What all visits begin and end with; what was seen becomes an element of the page.
const BEGIN: &str = "const seen = {}; const $ = (what) => document.querySelector(what); const $$ = (what) => [...document.querySelectorAll(what)];
const key = (element, key) => element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
const choose = (label, value) => { const select = $('select[aria-label=\"' + label + '\"]'); select.value = value; select.dispatchEvent(new Event('change')); };
const run = () => {";
const END: &str = "};
try { run(); } catch (error) { seen.error = String(error.stack); }
const outcome = document.createElement('output'); outcome.id = 'outcome'; outcome.textContent = JSON.stringify(seen).replace(/[<>&]/g, (it) => '\\\\u' + it.charCodeAt(0).toString(16).padStart(4, '0')); document.body.append(outcome);";

const ONE: &str = r#"
const chart = $('.chart');
const lines = () => chart.querySelectorAll('polyline').length;
seen.lines = lines();
chart.querySelectorAll('.legend button')[0].click();
seen.fewer = lines() < seen.lines;
chart.querySelectorAll('.legend button')[0].click();
const log = chart.querySelector('.log');
const before = chart.querySelector('svg').outerHTML;
log.click();
seen.log = before !== chart.querySelector('svg').outerHTML;
const slider = chart.querySelector('input[type=range]');
slider.value = 0;
slider.dispatchEvent(new Event('input'));
seen.raw = lines() < seen.lines;
const svg = chart.querySelector('svg');
key(svg, 'ArrowRight');
key(svg, 'ArrowRight');
seen.reading = chart.querySelector('.reading').textContent;
seen.told = chart.querySelector('.unseen').textContent.length > 0;
seen.names = $$('.chart svg').every((svg) => svg.getAttribute('aria-label').length > 10);

const pager = $('.pager');
seen.first = pager.textContent;
$('button[aria-label="next page of pictures"]').click();
seen.second = pager.textContent;
const confidences = () => $$('.gallery .tile .muted').map((it) => parseFloat(it.textContent.replace('>', '')));
$('button[aria-label="previous page of pictures"]').click();
seen.sorted = confidences().every((value, place, all) => !place || all[place - 1] >= value);
choose('sort by', 'class');
const truths = $$('.gallery .tile bdi:first-child').map((it) => Number(it.textContent));
seen.by_class = truths.every((value, place) => !place || truths[place - 1] <= value);
choose('show', 'unsure');
seen.unsure = confidences().length > 0 && pager.textContent.endsWith('of 48');
choose('show', 'wrong');

$('.gallery .picture').click();
const dialog = $('dialog');
seen.open = dialog.open;
const title = dialog.querySelector('h3').textContent;
seen.answers = dialog.querySelectorAll('.answers li').length;
dialog.querySelector('.cam').click();
seen.looked = !dialog.querySelector('.looked').hidden;
key(dialog, 'ArrowRight');
seen.next = dialog.querySelector('h3').textContent !== title;
dialog.querySelector('.close').click();
seen.closed = !dialog.open;

const behind = $('.behind');
const right = $$('.viz-cell').find((cell) => cell.dataset.row === cell.dataset.column);
right.dispatchEvent(new MouseEvent('click', { bubbles: true }));
seen.clicked = behind.querySelector('h3').textContent.endsWith('of class ' + right.dataset.row + ' recognised');
seen.behind = behind.querySelectorAll('.sprite').length > 0;
const wrong = $$('.viz-cell').find((cell) => cell.dataset.row !== cell.dataset.column);
key(wrong, 'Enter');
seen.key = behind.querySelector('h3').textContent.endsWith('taken for ' + wrong.dataset.column);
const opacity = () => $$('.viz-cell').map((cell) => cell.getAttribute('fill-opacity')).join();
const shares = opacity();
choose('colour by', 'count');
seen.recoloured = shares !== opacity();

const recall = $$('#classes .sort')[2];
recall.click();
const column = () => $$('#classes tbody tr').map((row) => parseFloat(row.cells[2].textContent));
seen.up = column().every((value, place, all) => !place || all[place - 1] <= value);
recall.click();
seen.down = column().every((value, place, all) => !place || all[place - 1] >= value);
seen.told_sort = $('#classes [aria-sort]').getAttribute('aria-sort');
seen.courses = $$('#filters .courses').map((it) => it.querySelectorAll('svg').length);
$$('#filters details').forEach((it) => (it.open = true));
seen.sprite = getComputedStyle($('.gallery .sprite')).backgroundImage.slice(0, 26);
seen.narrow = document.documentElement.scrollWidth <= window.innerWidth;
"#;

const TWO: &str = r#"
// Colour is not all that tells two runs apart.
const points = (run) => $('.chart').querySelector('.fill.s' + run).tagName;
const keys = $$('.chart')[0].querySelectorAll('.legend .key');
seen.shapes = points(0) === 'circle' && points(1) === 'polygon' && keys[0].classList.contains('m0') && keys[1].classList.contains('m1');
$('.chart .legend button').dispatchEvent(new Event('pointerenter'));
seen.first = $$('.chart')[0].querySelectorAll('polyline.behind-others').length === 1;
$('.chart .legend button').dispatchEvent(new Event('pointerleave'));
seen.all = $$('.chart')[0].querySelectorAll('polyline.behind-others').length === 0;
seen.baseline = $$('td.against').map((cell) => cell.textContent);
choose('baseline', '1');
seen.other = $$('td.against').map((cell) => cell.textContent);
choose('show', 'differ');
seen.differ = $$('.gallery .tile').length > 0;
seen.wrong = $$('.gallery .tile').every((tile) => tile.querySelector('.wrong'));
$$('.results .sort')[2].click();
const errors = $$('.results tbody tr').map((row) => Number(row.dataset.error));
seen.sorted = errors[0] <= errors[1];
seen.seeds = $('.seeds').textContent;
seen.sheets = [...new Set($$('.gallery .sprite').map((it) => it.className))].length;
seen.narrow = document.documentElement.scrollWidth <= window.innerWidth;
"#;

const MANY: &str = r#"
const squares = $('.squares');
squares.focus();
key(squares, 'ArrowRight');
key(squares, 'ArrowDown');
seen.told = squares.querySelector('.unseen').textContent;
seen.aimed = !squares.querySelector('.aim').hidden && !squares.querySelector('.reading').hidden;
key(squares, 'Enter');
seen.cell = $('.behind h3').textContent;
const wrong = $$('#classes tbody tr').map((row) => Number(row.cells[5].textContent));
seen.worst_first = wrong.length === 42 && wrong.every((value, place, all) => !place || all[place - 1] >= value);
$('.pairs .plain').click();
seen.pair = $('.behind h3').textContent.includes(' taken for ');
seen.narrow = document.documentElement.scrollWidth <= window.innerWidth;
"#;

/// What a screen reader finds, and what an eye can read: names of drawings, controls and tables, the way of the headings, the contrast
/// of every text that is shown with what lies behind it.
const CHECKED: &str = r#"
$$('details').forEach((it) => (it.open = true));
const told = (it) => (it.tagName + '.' + (it.getAttribute('class') || '') + ' ' + it.textContent.trim().slice(0, 30)).trim();
const name = (it) => (it.getAttribute('aria-label') || it.getAttribute('alt') || it.closest('label')?.textContent || it.textContent || '').trim();
const nameless = (what, long = 1) => $$(what).filter((it) => name(it).length < long).map(told);
seen.drawings = $$('svg').filter((it) => !(['img', 'group'].includes(it.getAttribute('role')) && (it.getAttribute('aria-label') || '').length > 3)).map(told);
seen.images = nameless('img, canvas:not([hidden]), [role=img], [role=button], [role=region]');
seen.controls = nameless('button, select, input, summary, progress, [tabindex]');
seen.reach = $$('.viz-cell, .sort, .picture').filter((it) => it.tabIndex < 0 && !it.matches('.viz-cell')).map(told);
seen.stops = $$('.matrix').map((it) => it.querySelectorAll('[tabindex="0"]').length);
seen.tables = $$('table').filter((it) => !it.caption || !it.caption.textContent.trim()).map(told);
seen.heads = $$('th').filter((it) => !it.scope || !it.textContent.trim() && !it.querySelector('[aria-label]')).map(told);
const levels = $$('h1, h2, h3, h4').filter((it) => !it.closest('dialog')).map((it) => Number(it.tagName[1]));
seen.levels = levels[0] === 1 && levels.filter((it) => it === 1).length === 1 && levels.every((it, at) => !at || it <= levels[at - 1] + 1);
seen.landmarks = document.documentElement.lang === 'en' && $$('main').length === 1 && document.title.length > 0;
const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
const over = (front, back) => front.slice(0, 3).map((it, at) => it * front[3] + back[at] * (1 - front[3])).concat(1);
const light = (colour) => colour.slice(0, 3).map((it) => it / 255).map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4)).reduce((sum, it, at) => sum + it * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (it) => {
  const chain = [];
  for (let at = it; at; at = at.parentElement) chain.unshift(getComputedStyle(at).backgroundColor);
  return chain.map(parse).reduce((back, front) => over(front, back), matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0, 1] : [255, 255, 255, 1]);
};
const contrast = (it) => {
  const style = getComputedStyle(it);
  let [front, back] = [parse(style.color), behind(it)];
  if (it.matches('svg text')) {
    front = parse(style.fill);
    const cell = it.previousElementSibling;
    if (it.matches('.viz-on') && cell) {
      const empty = it.closest('svg').querySelector('.viz-empty');
      const fill = getComputedStyle(cell);
      back = over([...parse(fill.fill).slice(0, 3), Number(fill.fillOpacity)], empty ? parse(getComputedStyle(empty).fill) : back);
    }
  }
  const [one, other] = [light(over(front, back)), light(back)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
};
const says = (it) => [...it.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
seen.texts = $$('body *').filter((it) => says(it) && !it.closest('script, style, [hidden], :disabled, .unseen') && (it.closest('svg') || it.offsetParent));
seen.faint = seen.texts.filter((it) => contrast(it) < 4.495).map((it) => told(it) + ' ' + contrast(it).toFixed(2));
seen.texts = seen.texts.length;
seen.dark = matchMedia('(prefers-color-scheme: dark)').matches;
"#;

/// What a page would get from a browser of another country that it asks for its way of writing numbers; set before its own
/// scripts run, because browsers are often installed in English alone.
const COUNTRY: &str = "<script>
const number = Intl.NumberFormat;
Intl.NumberFormat = function (place, options) { return new number(place ?? 'COUNTRY', options); };
Number.prototype.toLocaleString = function (place, options) { return new Intl.NumberFormat(place, options).format(this); };
const compare = String.prototype.localeCompare;
String.prototype.localeCompare = function (other, place, options) { return compare.call(this, other, place ?? 'COUNTRY', options); };
</script>";

/// What a browser of another country must not change: figures as they are written, sorted, typed and read aloud.
const ABROAD: &str = r#"
seen.language = navigator.language;
seen.would = (1234.5).toLocaleString();
const figures = $$('main dd, main td').map((it) => it.textContent).join(' ');
seen.commas = figures.match(/\d,\d(?!\d\d)/g) || [];
const slider = $('.chart input[type=range]');
slider.value = 0.25;
slider.dispatchEvent(new Event('input'));
seen.smoothing = slider.value;
const before = $$('.chart svg')[0].outerHTML;
slider.value = '0.75';
slider.dispatchEvent(new Event('input'));
seen.smoothed = before !== $$('.chart svg')[0].outerHTML;
key($('.chart svg'), 'ArrowRight');
seen.reading = $('.chart .reading').textContent;
const sorted = (column) => {
  $$('#classes .sort')[column].click();
  const values = $$('#classes tbody tr').map((row) => parseFloat(row.cells[column].textContent.replaceAll(',', ''))).filter((it) => !Number.isNaN(it));
  return values.every((value, place, all) => !place || all[place - 1] <= value);
};
seen.sorted = [1, 2, 4, 5, 6].every(sorted);
seen.confidence = $('.gallery .tile .muted').textContent;
seen.ticks = $$('.chart svg text').map((it) => it.textContent).filter((it) => it.includes(','));
"#;

/// Visits a page at a width; gives what was seen, and `None` without a browser. Nothing may be said on the console.
fn visit(place: &Place, page: &str, script: &str, width: u32) -> Option<Value> {
    visit_with(place, page, script, &[&format!("--window-size={width},900")])
}

/// As [`visit`], by a browser with other options.
fn visit_with(place: &Place, page: &str, script: &str, options: &[&str]) -> Option<Value> {
    let Some(browser) = browser() else {
        eprintln!("SKIPPED: there is no chromium or google-chrome on the PATH");
        return None;
    };
    let visited = place.path("visited.html");
    let script = format!("<script>{BEGIN}{script}{END}</script></body>");
    let lang = options.iter().find_map(|option| option.strip_prefix("--lang="));
    let country = lang.map_or(String::new(), |lang| COUNTRY.replace("COUNTRY", lang));
    let page = place.text(page).replace("</body>", &script).replacen("<meta ", &format!("{country}<meta "), 1);
    // A page that forbids all scripts allows that of its visitor.
    let scripts = if page.contains("script-src") { "" } else { "; script-src 'unsafe-inline'" };
    let page = page.replacen("default-src 'none'", &format!("default-src 'none'{scripts}"), 1);
    fs::write(&visited, page).unwrap();
    let profile = format!("--user-data-dir={}", place.path("profile").display());
    let always = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom", &profile];
    let visit = Command::new(browser).args(always).args(options).arg(&visited).output().unwrap();
    let (page, log) = (String::from_utf8_lossy(&visit.stdout), String::from_utf8_lossy(&visit.stderr));
    let console: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
    let outcome = page.split_once("<output id=\"outcome\">").unwrap().1.split_once("</output>").unwrap().0;
    let seen: Value = serde_json::from_str(outcome).unwrap();
    assert_eq!(seen["error"], Value::Null, "{}", seen["error"]);
    Some(seen)
}

/// Sheets of paper that a page fills when it is printed; `None` without a browser.
fn printed(place: &Place, page: &str) -> Option<usize> {
    let (browser, pdf) = (browser()?, place.path("printed.pdf"));
    let profile = format!("--user-data-dir={}", place.path("profile").display());
    let to = format!("--print-to-pdf={}", pdf.display());
    let options = ["--headless", "--no-sandbox", "--disable-gpu", &profile, &to];
    assert!(Command::new(browser).args(options).arg(place.path(page)).output().unwrap().status.success());
    let pdf = String::from_utf8_lossy(&fs::read(pdf).unwrap()).into_owned();
    Some(pdf.matches("/Type /Page").count() - pdf.matches("/Type /Pages").count())
}

/// Nothing on the page lacks a name, a way by keyboard, or contrast, in either theme.
pub fn assert_accessible(place: &Place, page: &str) {
    for (scheme, dark) in [("1", false), ("0", true)] {
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        let options = ["--window-size=1280,900", scheme.as_str()];
        let Some(seen) = visit_with(place, page, CHECKED, &options) else { return };
        assert_eq!(seen["dark"], dark, "{page}");
        assert_true(&seen, &["levels", "landmarks"]);
        for lacking in ["drawings", "images", "controls", "reach", "tables", "heads", "faint"] {
            assert_eq!(seen[lacking], serde_json::json!([]), "{lacking} of {page}, dark: {dark}");
        }
        assert!(seen["texts"].as_u64() >= Some(15), "{seen}");
        let stops = seen["stops"].as_array().unwrap();
        assert!(stops.iter().all(|stops| *stops == 1), "one stop of the tab key in each matrix: {seen}");
    }
}

fn assert_true(seen: &Value, flags: &[&str]) {
    for flag in flags {
        assert_eq!(seen[flag], true, "{flag}: {seen}");
    }
}

#[test]
fn a_visitor_reads_one_run() {
    let place = Place::new();
    place.recipe("net", NET);
    place.good("train {}/net.toml --device cpu --out {}/run");
    assert!(place.bytes("run/report.html").len() < 1_000_000);
    let sheets = printed(&place, "run/report.html").unwrap_or(1);
    assert!((1..=5).contains(&sheets), "{sheets} sheets of paper");
    assert_accessible(&place, "run/report.html");
    for language in ["de-DE", "fr-FR"] {
        let options = [format!("--lang={language}"), format!("--accept-lang={language}")];
        let options = [options[0].as_str(), options[1].as_str(), "--window-size=1280,900"];
        let Some(seen) = visit_with(&place, "run/report.html", ABROAD, &options) else { break };
        assert!(seen["language"] == language && seen["would"] != "1,234.5", "{seen}");
        assert_eq!((&seen["commas"], &seen["ticks"]), (&serde_json::json!([]), &serde_json::json!([])), "{seen}");
        assert_eq!(seen["smoothing"], "0.25");
        assert_true(&seen, &["smoothed", "sorted"]);
        assert!(seen["reading"].as_str().unwrap().starts_with("epoch 0"), "{seen}");
        assert!(seen["confidence"].as_str().unwrap().contains('.'), "{seen}");
    }
    for width in [1280, 500] {
        let Some(seen) = visit(&place, "run/report.html", ONE, width) else { return };
        let flags = [
            "fewer", "log", "raw", "told", "names", "sorted", "by_class", "unsure", "open", "looked", "next", "closed",
        ];
        assert_true(&seen, &flags);
        assert_true(&seen, &["clicked", "behind", "key", "recoloured", "up", "down", "narrow"]);
        assert!(seen["reading"].as_str().unwrap().starts_with("epoch 0."), "{seen}");
        let (first, second) = (seen["first"].as_str().unwrap(), seen["second"].as_str().unwrap());
        assert!(first.starts_with("1 to 24 of ") && second.starts_with("25 to "), "{seen}");
        assert_eq!((&seen["answers"], &seen["told_sort"]), (&4.into(), &"descending".into()));
        // Histograms of four weights and of six outputs; over time the same, and the gradients of the weights.
        assert_eq!(seen["courses"], serde_json::json!([4, 6, 4, 4, 6]), "{seen}");
        assert_eq!(seen["sprite"], "url(\"data:image/png;base64");
    }
}

#[test]
fn a_visitor_compares_two_runs() {
    let place = Place::new();
    place.recipe("net", NET);
    for seed in [1, 2] {
        place.good(&format!("train {{}}/net.toml --device cpu --seed {seed} --out {{}}/seed-{seed}"));
    }
    place.good("report {}/seed-1 {}/seed-2 --device cpu --out {}/both");
    let Some(seen) = visit(&place, "both/report.html", TWO, 1280) else { return };
    assert_true(&seen, &["differ", "wrong", "sorted", "narrow", "shapes", "first", "all"]);
    assert_eq!((&seen["baseline"][0], &seen["other"][1]), (&"baseline".into(), &"baseline".into()));
    assert!(seen["other"][0].as_str().unwrap().contains(" points"), "{seen}");
    assert!(seen["seeds"].as_str().unwrap().contains("2 runs that differ in their seed alone"), "{seen}");
    assert_eq!(seen["sheets"], 1, "both runs share their pictures");
    assert_accessible(&place, "both/report.html");
}

/// 42 classes, one of a long name and one that reads from right to left: their matrix has no numbers in it, and is read by keyboard.
#[test]
fn a_visitor_reads_many_classes() {
    let place = Place::new();
    for class in 0..42u32 {
        let name = match class {
            40 => "Dampfschifffahrtsgesellschaftskapitän mit langem Namen".to_owned(),
            41 => "\u{5de}\u{5d7}\u{5dc}\u{5e7}\u{5d4}".to_owned(),
            _ => format!("class {class:02}"),
        };
        let folder = place.path("pictures").join(name);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..20 {
            let level = |x: u32, y: u32| (class * 37 + number * 11 + x * 23 + y * 41) as u8;
            image::GrayImage::from_fn(8, 8, |x, y| image::Luma([level(x, y)]))
                .save(folder.join(format!("{number}.png")))
                .unwrap();
        }
    }
    let recipe = "epochs = 1\nlearning_rate = 0.01\ndata = { set = \"mine\" }\nminibatch = { size = 20 }\n\
                  model = { kind = \"softmax\" }\npictures = { folder = \"PLACE\", size = 8 }\n";
    let recipe = place.recipe("many", &recipe.replace("PLACE", &place.path("pictures").display().to_string()));
    place.good(&format!("train {recipe} --device cpu --out {{}}/run"));
    assert!(printed(&place, "run/report.html").unwrap_or(1) <= 5);
    assert_accessible(&place, "run/report.html");
    for width in [1280, 500] {
        let Some(seen) = visit(&place, "run/report.html", MANY, width) else { return };
        assert_true(&seen, &["aimed", "worst_first", "pair", "narrow"]);
        assert!(seen["told"].as_str().unwrap().contains(" \u{2192} "), "{seen}");
        assert!(seen["cell"].as_str().unwrap().contains(" of class "), "{seen}");
    }
}

fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find_map(xtask::places::on_path)
}

use super::*;
use crate::record::tests::record;
use std::time::Duration;

/// What criterion leaves of a bench, in the folder it would take.
fn leave(home: &Path, name: &str, elements: Option<u64>, iters: &[f64], times: &[f64]) {
    let folder = home.join(name).join("new");
    fs::create_dir_all(&folder).unwrap();
    let throughput = elements.map(|count| serde_json::json!({ "Elements": count }));
    let benchmark = serde_json::json!({ "group_id": "g", "full_id": name, "throughput": throughput });
    fs::write(folder.join("benchmark.json"), benchmark.to_string()).unwrap();
    let sample = serde_json::json!({ "sampling_mode": "Linear", "iters": iters, "times": times });
    fs::write(folder.join("sample.json"), sample.to_string()).unwrap();
}

#[test]
fn what_criterion_measured_in_this_run_is_gathered_and_what_it_left_before_is_not() {
    let home = tempfile::tempdir().unwrap();
    // 1000, 2000, 4000 ns an iteration.
    leave(home.path(), "conv/forward/500", Some(500), &[1.0, 2.0, 3.0], &[1000.0, 4000.0, 12000.0]);
    leave(home.path(), "checkpoint", None, &[1.0], &[5e6]);
    leave(home.path(), "old", None, &[1.0], &[1.0]);
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let old = File::options().append(true).open(home.path().join("old/new/sample.json")).unwrap();
    old.set_modified(an_hour_ago - Duration::from_secs(60)).unwrap();

    let record = gather(home.path(), an_hour_ago, 2).unwrap();
    assert_eq!(names(&record).into_iter().collect::<Vec<_>>(), ["checkpoint", "conv/forward/500"]);
    let of = |measure| value(&record, "conv/forward/500", measure);
    assert_eq!([LOWER, MEDIAN, UPPER, PICTURES].map(of), [Some(1.5e-6), Some(2e-6), Some(3e-6), Some(500.0)]);
    assert_eq!(value(&record, "checkpoint", PICTURES), None);
    assert_eq!((record.kind.as_str(), record.threads), ("criterion", 2));
    assert!(gather(&home.path().join("nothing"), an_hour_ago, 2).unwrap().rows.is_empty());

    let text = section(&record);
    assert!(text.contains("| conv/forward/500 | 2.00 µs | 1.50 µs to 3.00 µs | 250000000 |"), "{text}");
    assert!(text.contains("| checkpoint | 5.00 ms | 5.00 ms to 5.00 ms |  |"), "{text}");
}

fn medians(rows: &[(&str, f64)]) -> Record {
    let rows: Vec<_> = rows.iter().map(|&(name, seconds)| (name, "ours", 1, MEDIAN, seconds)).collect();
    Record { kind: KIND.into(), ..record(&rows) }
}

#[test]
fn a_regression_stands_out_from_noise() {
    let before = medians(&[("a", 1.0), ("b", 2e-3), ("c", 1e-4), ("gone", 1.0)]);
    let text = comparison(&medians(&[("a", 1.1), ("b", 3e-3), ("c", 5e-5), ("new", 1.0)]), &before);
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().trim_end().to_owned();
    assert!(line("a").ends_with("1.10"), "{text}");
    assert!(line("b").ends_with("2.00 ms     3.00 ms  1.50  SLOWER"), "{text}");
    assert!(line("c ").ends_with("0.50  faster"), "{text}");
    assert!(line("new").ends_with("not in the record"), "{text}");
    assert!(text.ends_with("1 slower by more than 15 % than on 2026-01-31\n"), "{text}");
}

#[test]
fn a_filter_renews_its_benches_and_keeps_the_others() {
    let before = medians(&[("a", 1.0), ("b", 2.0)]);
    let now = Record { date: "2026-02-02T00:00:00Z".into(), ..medians(&[("b", 3.0), ("c", 4.0)]) };
    let whole = completed(now.clone(), Some(before));
    assert_eq!(["a", "b", "c"].map(|name| value(&whole, name, MEDIAN)), [Some(1.0), Some(3.0), Some(4.0)]);
    assert_eq!(whole.date, now.date);
    assert_eq!(completed(now.clone(), None), now);
}

#[test]
fn only_a_record_of_the_same_kind_of_machine_and_as_many_threads_is_compared_with() {
    let folder = tempfile::tempdir().unwrap();
    let now = medians(&[("a", 1.0)]);
    let dated = |day: &str| Record { date: format!("2026-01-{day}T00:00:00Z"), ..now.clone() };
    let mut other = dated("30");
    other.machine.cpu = "another".into();
    let records = [dated("10"), dated("20"), other, Record { threads: 8, ..dated("25") }];
    let versus = Record { kind: "versus".into(), ..dated("28") };
    for record in records.iter().chain([&versus]) {
        record.write(folder.path()).unwrap();
    }
    assert_eq!(earlier(folder.path(), &now).unwrap(), Some(dated("20")));
    assert_eq!(earlier(folder.path(), &Record { threads: 1, ..now }).unwrap(), None);
}

#[test]
fn times_have_three_digits_and_a_unit() {
    let times = [12.345, 1.0, 0.1234, 0.000_999, 123.4e-6, 1.5e-9, 0.2e-9];
    let texts = ["12.3 s", "1.00 s", "123 ms", "999 µs", "123 µs", "1.50 ns", "0.20 ns"];
    assert_eq!(times.map(time), texts.map(str::to_owned));
}

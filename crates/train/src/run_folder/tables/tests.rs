//! Tables that people and earlier versions left, and what a checkpoint makes of them.

use super::*;

const OLD: &str = "epoch,iteration,learning_rate,train_loss,train_error,penalty,validation_loss,validation_error,best_validation_error\n\
                   1,12,0.1,2.25,0.5,0.001,2.0,0.25,0.25\n2,24,0.05,NaN,0.5,0.0,1.5,0.125,0.125\n";
const OLD_TIMINGS: &str = "iteration,train_seconds\n12,0.5\n24,1.0\n";

fn row(iteration: u64) -> Row {
    let mut row: Row = parsed(OLD.as_bytes(), Path::new("old")).unwrap().remove(1);
    row.iteration = iteration;
    row
}

fn timing(iteration: u64) -> Timing {
    Timing { iteration, train_seconds: 0.1 + 0.2, saving_seconds: 1e-9 }
}

fn step(iteration: u64) -> StepRow {
    StepRow { iteration, learning_rate: 0.1, train_loss: 0.1 + 0.2, train_error: 0.5 }
}

/// Tables of three validations in a folder, and what a checkpoint holds of them.
fn three(run: &Path) -> (Tables, Files) {
    let mut tables = Tables::new(run);
    tables.keep(0).unwrap();
    (1..=3).for_each(|i| tables.append(&row(i), &timing(i), &[step(i)]).unwrap());
    let files = tables.files().collect();
    (tables, files)
}

#[test]
fn a_table_of_an_earlier_version_goes_on_under_todays_header() {
    let root = tempfile::tempdir().unwrap();
    let (metrics, timings) = (root.path().join(METRICS), root.path().join(TIMINGS));
    fs::write(&metrics, OLD).unwrap();
    fs::write(&timings, OLD_TIMINGS).unwrap();
    assert_eq!(read_metrics(root.path()).unwrap()[1].validation_top_k_error, None);

    let mut tables = Tables::new(root.path());
    assert_eq!(tables.restore(&Files::new(), 2).unwrap(), [] as [String; 0]);
    let rows = read_metrics(root.path()).unwrap();
    let row = Row { validation_top_k_error: Some(0.5), train_loss: 1.0, iteration: 36, ..rows[1] };
    tables.append(&row, &Timing { iteration: 36, train_seconds: 1.5, saving_seconds: 0.25 }, &[step(36)]).unwrap();
    let text = fs::read_to_string(&metrics).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "1,12,0.1,2.25,0.5,0.001,2.0,0.25,,0.25,,");
    assert_eq!(lines[3], "2,36,0.05,1.0,0.5,0.0,1.5,0.125,0.5,0.125,,");
    assert!(lines[0].contains("validation_error,validation_top_k_error,best_validation_error"), "{}", lines[0]);
    assert_eq!(read_metrics(root.path()).unwrap().len(), 3);
    let timings = read_timings(root.path()).unwrap();
    assert_eq!((timings[0].saving_seconds, timings[2].saving_seconds), (0.0, 0.25));
    assert_eq!(tables.last_timing().unwrap(), Some(timings[2]));
}

#[test]
fn an_earlier_versions_lost_rows_are_told_and_do_not_stop() {
    let check = |table: Option<&str>, left: usize, aside: bool| {
        let root = tempfile::tempdir().unwrap();
        table.into_iter().for_each(|table| fs::write(root.path().join(METRICS), table).unwrap());
        fs::write(root.path().join(TIMINGS), OLD_TIMINGS).unwrap();
        let mut tables = Tables::new(root.path());
        let notes = tables.restore(&Files::new(), 2).unwrap();
        assert!(notes.len() == 1 && notes[0].contains(&format!("holds {left} of the 2 rows")), "{notes:?}");
        assert_eq!((tables.rows(), read_metrics(root.path()).unwrap().len()), (left as u64, left), "{table:?}");
        let kept = fs::read_to_string(root.path().join("metrics.csv.set-aside")).ok();
        assert_eq!(kept.as_deref(), table.filter(|_| aside));
    };
    let first = OLD.split_inclusive('\n').take(2).collect::<String>();
    check(None, 0, false);
    check(Some(""), 0, false);
    check(Some(&first), 1, true);
    check(Some(&format!("{first}2,24,a lot\n")), 1, true);
    check(Some("epoch\n1\n"), 0, true);
}

#[test]
fn a_table_as_the_run_left_it_keeps_its_bytes() {
    let root = tempfile::tempdir().unwrap();
    let (_, files) = three(root.path());
    let state = || [METRICS, TIMINGS].map(|name| fs::read(root.path().join(name)).unwrap());
    let whole = state();
    assert_eq!(whole[0], files[METRICS]);
    let mut tables = Tables::new(root.path());
    assert_eq!(tables.restore(&files, 3).unwrap(), [] as [String; 0]);
    // Rows behind the checkpoint's come again.
    tables.append(&row(4), &timing(4), &[step(4)]).unwrap();
    assert_eq!(Tables::new(root.path()).restore(&files, 3).unwrap(), [] as [String; 0]);
    assert_eq!(state(), whole);
    tables.keep(1).unwrap();
    assert_eq!((tables.rows(), read_timings(root.path()).unwrap()), (1, vec![timing(1)]));
}

#[test]
fn what_is_missing_cut_or_edited_comes_from_the_checkpoint() {
    for name in [METRICS, TIMINGS] {
        let check = |edit: &dyn Fn(&Path), told: &str, aside: bool| {
            let root = tempfile::tempdir().unwrap();
            let (_, files) = three(root.path());
            edit(&root.path().join(name));
            let edited = fs::read(root.path().join(name)).ok();
            let notes = Tables::new(root.path()).restore(&files, 3).unwrap();
            assert!(notes.len() == 1 && notes[0].starts_with(name) && notes[0].contains(told), "{notes:?}");
            assert_eq!(fs::read(root.path().join(name)).unwrap(), files[name]);
            let kept = fs::read(root.path().join(format!("{name}.set-aside"))).ok();
            assert_eq!(kept, edited.filter(|_| aside), "{told}");
        };
        check(&|path| fs::remove_file(path).unwrap(), "was missing", false);
        check(&|path| fs::write(path, "").unwrap(), "was cut off", false);
        check(
            &|path| fs::write(path, &fs::read(path).unwrap()[..100.min(path.to_str().unwrap().len())]).unwrap(),
            "was cut off",
            false,
        );
        check(&|path| fs::write(path, "epoch\n1\n").unwrap(), "was changed", true);
        check(&|path| fs::write(path, [0xff, 0, 0xff]).unwrap(), "was changed", true);
    }
}

#[test]
fn a_table_removed_in_the_middle_of_training_is_whole_again() {
    let root = tempfile::tempdir().unwrap();
    let (mut tables, _) = three(root.path());
    fs::remove_file(root.path().join(METRICS)).unwrap();
    tables.append(&row(4), &timing(4), &[step(4)]).unwrap();
    assert_eq!(read_metrics(root.path()).unwrap().len(), 4);
    fs::remove_file(root.path().join(TIMINGS)).unwrap();
    tables.sync().unwrap();
    assert_eq!(read_timings(root.path()).unwrap().len(), 4);
}

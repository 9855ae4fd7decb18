//! Tests of the folder: who takes what, and what is remembered.

use super::*;
use crate::state::How;
use crate::state::tests::ended;
use models::Arch;

fn folder(root: &Path, grid: &str, seeds: u64) -> Folder {
    let mut definition = Definition { seeds: Some(seeds), ..Definition::default() };
    definition.add_grid("learning_rate", grid);
    let recipe = Recipe::new("glyphs", Arch::Softmax {}, 1, 0.1);
    Folder::create(root, &definition, Identity::new("small", &recipe)).unwrap()
}

fn claim(folder: &Folder) -> Claim {
    match folder.claim(None).unwrap() {
        Work::Train(claim) => *claim,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_takes_a_run_that_another_holds() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "0.1,0.2", 2);
    // Another process sees the same files through another handle.
    let other = Folder::open(root.path(), |_| {}).unwrap();
    let mut taken = Vec::new();
    for folder in [&folder, &other, &folder, &other] {
        taken.push(claim(folder));
    }
    let mut places: Vec<(u64, u64)> = taken.iter().map(|it| (it.trial, it.run)).collect();
    places.sort_unstable();
    assert_eq!(places, [(1, 0), (1, 1), (2, 0), (2, 1)]);
    assert!(matches!(other.claim(None).unwrap(), Work::Others));
    // One is killed: its run is free again.
    let lost = taken.remove(1);
    let place = (lost.trial, lost.run);
    drop(lost);
    let again = claim(&other);
    assert_eq!((again.trial, again.run), place);
    taken.push(again);
    for claim in taken {
        folder.end(claim, ended(How::Done, 0.5, 1.0)).unwrap();
    }
    assert!(matches!(folder.claim(None).unwrap(), Work::Done));
    let table = fs::read_to_string(root.path().join(table::FILE)).unwrap();
    assert_eq!(table.matches(",done,").count(), 4, "{table}");
    let locks = fs::read_dir(root.path().join(TRIALS)).unwrap().count();
    assert_eq!(locks, 0, "no lock is left behind");
}

#[test]
fn all_trials_can_be_begun_and_one_of_them_taken() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "0.1,0.2,0.3", 1);
    assert_eq!(folder.begin_all().unwrap(), 3);
    assert_eq!(folder.begin_all().unwrap(), 3, "once");
    let Work::Train(third) = folder.claim(Some(3)).unwrap() else { panic!("the third") };
    assert_eq!((third.trial, third.settings[0].1.as_str()), (3, "0.3"));
    assert!(matches!(folder.claim(Some(3)).unwrap(), Work::Others));
    folder.end(*third, ended(How::Done, 0.5, 1.0)).unwrap();
    assert!(matches!(folder.claim(Some(3)).unwrap(), Work::Done));
    assert!(folder.claim(Some(4)).unwrap_err().to_string().contains("no trial 4"));
    let zoom =
        Folder::open(root.path(), |it| (it.strategy, it.trials) = (Some(crate::strategy::Strategy::Zoom), Some(9)));
    assert!(zoom.unwrap().begin_all().unwrap_err().is_usage());
}

#[test]
fn after_a_divergence_the_other_seeds_are_left_out() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "0.1,0.2", 3);
    let first = claim(&folder);
    folder.end(first, ended(How::Diverged, 0.5, 1.0)).unwrap();
    let second = claim(&folder);
    assert_eq!((second.trial, second.run), (2, 0));
    let table = fs::read_to_string(root.path().join(table::FILE)).unwrap();
    assert!(table.contains("1,0,diverged,0.1") && table.contains("1,2,left out,0.1"), "{table}");
}

#[test]
fn a_sweep_takes_more_trials_but_no_used_folder() {
    let root = tempfile::tempdir().unwrap();
    let mut definition = Definition { trials: Some(1), ..Definition::default() };
    definition.add_random("learning_rate", "log(1e-3,1)");
    let recipe = Recipe::new("glyphs", Arch::Softmax {}, 1, 0.1);
    let create = || Folder::create(root.path(), &definition, Identity::new("small", &recipe));
    let folder = create().unwrap();
    assert!(create().unwrap_err().to_string().contains("never overwritten"));
    let one = claim(&folder);
    folder.end(one, ended(How::Done, 0.5, 1.0)).unwrap();
    assert!(matches!(folder.claim(None).unwrap(), Work::Done));
    let more = Folder::open(root.path(), |it| it.trials = Some(2)).unwrap();
    assert_eq!(claim(&more).trial, 2);
    assert_eq!(Folder::open(root.path(), |_| {}).unwrap().search().trials, 2, "it is remembered");
    let empty = tempfile::tempdir().unwrap();
    assert!(Folder::open(empty.path(), |_| {}).unwrap_err().to_string().contains("not the folder of a sweep"));
}

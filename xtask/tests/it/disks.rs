//! Disks that are full, limited or not to be written: a clear message, and the last checkpoint whole.

use crate::runs::{Place, RECIPE, finish, rows};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tensor_data::Samples;

/// A small file system in memory; unmounted in the end.
struct Disk(PathBuf);

impl Disk {
    /// `None`, said aloud, where this user may not mount.
    fn mount(place: &Place, options: &str) -> Option<Disk> {
        let path = place.path("disk");
        fs::create_dir_all(&path).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Disk(path));
        }
        eprintln!("SKIPPED: a small tmpfs cannot be mounted here; run as root for this test");
        None
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let status = Command::new("mount").args(["-o", &options]).arg(&self.0).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_the_run_goes_on_once_there_is_room() {
    let place = Place::new();
    let Some(disk) = Disk::mount(&place, "size=1m") else {
        return;
    };
    place.recipe("thing", &RECIPE.replace("seconds = 0", "seconds = 0, snapshots = 1"));
    place.good("train {}/thing.toml --out {}/whole");
    let done = place.run("train {}/thing.toml --out {}/disk/run");
    assert_eq!(done.status, Some(1), "{done:?}");
    assert!(done.err.contains("disk is full") && done.err.contains("--resume"), "{}", done.err);
    place.good("eval {}/disk/run --checkpoint last");

    disk.remount("size=64m");
    place.good("train --resume {}/disk/run");
    place.assert_same_run("disk/run", "whole");
}

#[test]
fn a_limit_on_file_sizes_is_told_and_the_last_checkpoint_is_whole() {
    let place = Place::new();
    let tiny = |count: usize| {
        let labels: Vec<u32> = (0..count).map(|i| (i % 10) as u32).collect();
        Samples::new([1, 4, 4], 10, (0..count * 16).map(|i| (i * 37 % 256) as u8).collect(), labels).unwrap()
    };
    place.pictures("data/mnist", &tiny(400), &tiny(100));
    place.recipe("thing", &RECIPE.replace("epochs = 40", "epochs = 400").replace("[16]", "[4]"));
    let runner = place.minibatch("train {}/thing.toml --out {}/run");
    let mut limited = Command::new("sh");
    limited
        .args(["-c", r#"trap "" XFSZ; ulimit -f 12; exec "$0" "$@""#])
        .arg(runner.get_program())
        .args(runner.get_args());
    for (name, value) in runner.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let done = finish(&mut limited);
    assert_eq!(done.status, Some(1), "{done:?}");
    assert!(done.err.contains("a limit on the size of files was reached"), "{}", done.err);
    assert!(rows(&place.path("run")) > 5, "it trained until the limit");
    place.good("eval {}/run --checkpoint last");
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let place = Place::new();
    let Some(disk) = Disk::mount(&place, "size=8m") else {
        return;
    };
    place.recipe("thing", RECIPE);
    place.good("train {}/thing.toml --epochs 1 --out {}/disk/run");
    disk.remount("ro");
    for words in ["train {}/thing.toml --out {}/disk/other", "train --resume {}/disk/run --epochs 2"] {
        let done = place.run(words);
        assert_eq!(done.status, Some(1), "{words}: {done:?}");
        assert!(done.err.contains("/disk/") && done.err.contains("cannot be written"), "{words}: {}", done.err);
    }
    place.good("eval {}/disk/run");
}

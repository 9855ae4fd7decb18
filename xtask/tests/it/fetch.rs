//! Fetching libtorch into the cache, from small wheels and with a pip that misbehaves: what is in the cache is
//! complete or not there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::{Machine, VERSION, libtorch, wheels};
use libtorch::fetch::{Parts, entry};
use libtorch::inspect::{Finding, Kind, inspect_entry};
use libtorch::python::Pip;

fn fetch(cache: &Path, parts: &Parts, pip: &Pip, again: bool) -> anyhow::Result<PathBuf> {
    Ok(libtorch::fetch::fetch(cache, parts, pip, again, &mut |_| {})?)
}

/// A pip that copies the wheel asked for from `shelf`.
fn working_pip(machine: &Machine, shelf: &Path) -> Pip {
    let script = format!(r#"cp "{}/${{wanted%%==*}}-1.0.whl" "$into/""#, shelf.display());
    Pip::of(&machine.python(&script)).unwrap()
}

fn pip(machine: &Machine, script: &str) -> Pip {
    Pip::of(&machine.python(script)).unwrap()
}

fn state(machine: &Machine) -> Finding {
    inspect_entry(&entry(&machine.cache(), Kind::Cpu))
}

#[test]
fn what_was_fetched_is_complete_verified_and_leaves_nothing_behind() {
    let machine = Machine::new();
    let shelf = machine.path("shelf");
    let parts = Parts::Wheels(wheels(&shelf, VERSION));
    let folder = fetch(&machine.cache(), &parts, &working_pip(&machine, &shelf), false).unwrap();

    assert_eq!(state(&machine), Finding::Good(Kind::Cpu));
    assert_eq!(fs::read_to_string(folder.join("lib/libtorch.so")).unwrap(), "INPUT ( libtorch_cpu.so )\n");
    assert!(folder.join("lib/libcudart.so.13").is_file());
    assert!(!folder.join("lib/libtorch_python.so").exists(), "unwanted files are not taken");
    assert!(folder.join("../licences/small-1.0/LICENSE").is_file());
    let mut left: Vec<_> = fs::read_dir(machine.cache()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["libtorch-2.11.0-cpu", "libtorch-2.11.0-cpu.lock"]);

    fetch(&machine.cache(), &parts, &working_pip(&machine, &shelf), false).unwrap();
    assert_eq!(machine.pip_calls(), 2, "the second time nothing is fetched");
}

#[test]
fn an_interrupted_fetch_leaves_no_entry_and_its_complete_wheels_are_used_again() {
    let machine = Machine::new();
    let shelf = machine.path("shelf");
    let wheels = wheels(&shelf, VERSION);
    let parts = Parts::Wheels(wheels.clone());
    // The first wheel comes; of the second one half, and then pip is killed.
    let script = format!(
        r#"case "$wanted" in
small*) cp "{shelf}/small-1.0.whl" "$into/" ;;
*) echo half > "$into/torch-1.0.whl"; kill -9 $$ ;;
esac"#,
        shelf = shelf.display()
    );
    let error = fetch(&machine.cache(), &parts, &pip(&machine, &script), false).unwrap_err();
    assert!(format!("{error:#}").contains("cannot fetch torch==1.0"), "{error:#}");
    assert_eq!(state(&machine), Finding::Absent);
    assert_eq!(machine.pip_calls(), 2);

    fetch(&machine.cache(), &parts, &working_pip(&machine, &shelf), false).unwrap();
    assert_eq!(state(&machine), Finding::Good(Kind::Cpu));
    assert_eq!(machine.pip_calls(), 3, "only the wheel that was cut off is fetched again");
}

#[test]
fn a_fetch_killed_while_unpacking_is_taken_up_without_fetching_again() {
    let machine = Machine::new();
    let shelf = machine.path("shelf");
    let wheels = wheels(&shelf, VERSION);
    let workshop = machine.cache().join("libtorch-2.11.0-cpu.fetch");
    libtorch(&workshop.join("unpacked/torch"), "9.9.9");
    fs::create_dir_all(workshop.join("wheels")).unwrap();
    for wheel in &wheels {
        fs::copy(shelf.join(&wheel.file), workshop.join("wheels").join(&wheel.file)).unwrap();
    }
    fetch(&machine.cache(), &Parts::Wheels(wheels), &pip(&machine, "exit 1"), false).unwrap();
    assert_eq!(state(&machine), Finding::Good(Kind::Cpu), "nothing of the half-unpacked folder is left");
    assert_eq!(machine.pip_calls(), 0);
}

#[test]
fn wrong_content_is_refused_even_if_pip_is_content() {
    let machine = Machine::new();
    let parts = Parts::Wheels(wheels(&machine.path("shelf"), VERSION));
    let error = fetch(&machine.cache(), &parts, &pip(&machine, r#"echo wrong > "$into/small-1.0.whl""#), false);
    let message = format!("{:#}", error.unwrap_err());
    assert!(message.contains("small-1.0.whl") && message.contains("not the published one"), "{message}");
    assert_eq!(state(&machine), Finding::Absent);
}

#[test]
fn wheels_that_hold_another_version_never_become_an_entry() {
    let machine = Machine::new();
    let shelf = machine.path("shelf");
    let parts = Parts::Wheels(wheels(&shelf, "2.4.0"));
    let error = fetch(&machine.cache(), &parts, &working_pip(&machine, &shelf), false).unwrap_err();
    assert!(error.to_string().contains("2.4.0"), "{error}");
    assert_eq!(state(&machine), Finding::Absent);
}

#[test]
fn a_damaged_entry_is_replaced() {
    let machine = Machine::new();
    let shelf = machine.path("shelf");
    let parts = Parts::Wheels(wheels(&shelf, VERSION));
    let folder = fetch(&machine.cache(), &parts, &working_pip(&machine, &shelf), false).unwrap();
    fs::write(folder.join(format!("lib/libtorch_cpu.{}", std::env::consts::DLL_EXTENSION)), "cut").unwrap();
    assert!(matches!(state(&machine), Finding::Broken(_)));
    fetch(&machine.cache(), &parts, &working_pip(&machine, &shelf), false).unwrap();
    assert_eq!(state(&machine), Finding::Good(Kind::Cpu));
}

#[test]
fn two_at_once_fetch_once() {
    let machine = Machine::new();
    let shelf = machine.path("shelf");
    let parts = Parts::Wheels(wheels(&shelf, VERSION));
    let script = format!(r#"sleep 0.3; cp "{}/${{wanted%%==*}}-1.0.whl" "$into/""#, shelf.display());
    let pip = pip(&machine, &script);
    let cache = machine.cache();
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| fetch(&cache, &parts, &pip, false)));
        for one in both {
            one.join().unwrap().unwrap();
        }
    });
    assert_eq!(state(&machine), Finding::Good(Kind::Cpu));
    assert_eq!(machine.pip_calls(), 2, "one call for each of the two wheels");
}

#[test]
fn a_complete_install_is_sealed_and_moved_into_place() {
    let machine = Machine::new();
    let shelf = machine.path("shelf/torch");
    libtorch(&shelf, VERSION);
    fs::write(shelf.join(format!("lib/libtorch_cuda.{}", std::env::consts::DLL_EXTENSION)), "GPU code").unwrap();
    let pip = pip(&machine, &format!(r#"cp -r "{}" "$into/""#, shelf.display()));
    let parts = Parts::Complete { kind: Kind::Cuda, space: 1 << 20 };
    let folder = fetch(&machine.cache(), &parts, &pip, false).unwrap();
    assert_eq!(folder, machine.cache().join("libtorch-2.11.0-cuda/torch"));
    assert_eq!(inspect_entry(&entry(&machine.cache(), Kind::Cuda)), Finding::Good(Kind::Cuda));
}

#[test]
fn a_disk_without_room_is_told_of_before_pip_is_asked() {
    let machine = Machine::new();
    let pip = pip(&machine, "exit 1");
    let parts = Parts::Complete { kind: Kind::Cuda, space: u64::MAX };
    let error = fetch(&machine.cache(), &parts, &pip, false).unwrap_err().to_string();
    assert!(error.contains("make room, or let XDG_CACHE_HOME name a folder on another disk"), "{error}");
    assert_eq!(machine.pip_calls(), 0);
    assert!(!entry(&machine.cache(), Kind::Cuda).exists());
}

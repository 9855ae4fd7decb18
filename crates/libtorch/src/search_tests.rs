//! Every way a machine may look, described in a line each.

use std::cell::Cell;
use std::collections::HashMap;

use super::*;

/// A described machine: what lies in which folder.
#[derive(Default)]
struct Machine {
    folders: HashMap<&'static str, Finding>,
    linked_to: &'static str,
    libtorch: Option<&'static str>,
    use_pytorch: bool,
    pythons: Vec<&'static str>,
    gpu: bool,
}

const CPU: Finding = Finding::Good(Kind::Cpu);
const CUDA: Finding = Finding::Good(Kind::Cuda);

impl Machine {
    fn with(mut self, folder: &'static str, finding: Finding) -> Self {
        self.folders.insert(folder, finding);
        self
    }

    fn search(&self, wish: Wish) -> (Result<Choice, String>, bool) {
        let python_started = Cell::new(false);
        let at = |path: &Path| self.folders.get(path.to_str().unwrap()).cloned().unwrap_or(Finding::Absent);
        let around = Surroundings {
            libtorch: self.libtorch.map(PathBuf::from),
            use_pytorch: self.use_pytorch,
            link: "/ws/.libtorch".into(),
            entries: ["/cache/cpu".into(), "/cache/cuda".into()],
        };
        let probes = Probes {
            inspect: &|path| {
                if path == around.link { at(Path::new(self.linked_to)) } else { at(path) }
            },
            inspect_entry: &at,
            same: &|link, folder| link == around.link && folder == Path::new(self.linked_to),
            pythons: &|| {
                python_started.set(true);
                let found = |folder: &&str| PythonTorch { python: "/bin/python3".into(), folder: folder.into() };
                self.pythons.iter().map(found).collect()
            },
            gpu: &|| self.gpu,
        };
        (search(&around, wish, &probes).map_err(|e| e.to_string()), python_started.get())
    }

    fn choice(&self) -> Result<Choice, String> {
        self.search(Wish::default()).0
    }
}

fn linked(folder: &str, kind: Kind, source: &str) -> Result<Choice, String> {
    Ok(Choice::Link { folder: folder.into(), kind, source: source.to_owned() })
}

fn fetched(kind: Kind) -> Result<Choice, String> {
    Ok(Choice::Fetch { kind, damage: None })
}

#[test]
fn a_bare_machine_fetches_what_its_hardware_can_use() {
    assert_eq!(Machine::default().choice(), fetched(Kind::Cpu));
    assert_eq!(Machine { gpu: true, ..Machine::default() }.choice(), fetched(Kind::Cuda));
}

#[test]
fn a_good_link_is_kept_and_no_python_is_started() {
    let machine = Machine { linked_to: "/a", gpu: true, pythons: vec!["/py"], ..Machine::default() };
    let (choice, python_started) = machine.with("/a", CPU).with("/py", CUDA).search(Wish::default());
    assert_eq!(choice, Ok(Choice::Keep(Kind::Cpu)));
    assert!(!python_started);
}

#[test]
fn libtorch_in_the_environment_wins_over_everything() {
    let machine = || Machine { libtorch: Some("/own"), linked_to: "/a", pythons: vec!["/py"], ..Machine::default() };
    let others = |machine: Machine| machine.with("/a", CPU).with("/py", CPU).with("/cache/cpu", CPU);
    assert_eq!(others(machine()).with("/own", CUDA).choice(), linked("/own", Kind::Cuda, "LIBTORCH"));
    let already = Machine { linked_to: "/own", ..machine() };
    assert_eq!(already.with("/own", CPU).choice(), Ok(Choice::Keep(Kind::Cpu)));
}

#[test]
fn libtorch_in_the_environment_that_cannot_be_used_is_an_error_that_says_how_to_mend_it() {
    let cases = [
        (Finding::Absent, "there is no folder /own"),
        (Finding::Broken("lib/libtorch_cpu.so is missing".into()), "lib/libtorch_cpu.so is missing"),
        (Finding::Wrong("2.6.0".into()), "found libtorch 2.6.0 at /own, need 2.11.0"),
    ];
    for (finding, expected) in cases {
        let machine = Machine { libtorch: Some("/own"), ..Machine::default() };
        let message = machine.with("/own", finding).with("/cache/cpu", CPU).choice().unwrap_err();
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("unset it and run `setup`"), "{message}");
    }
}

#[test]
fn libtorch_in_the_environment_contradicts_the_options_of_setup() {
    let machine = Machine { libtorch: Some("/own"), ..Machine::default() }.with("/own", CPU);
    for wish in [Wish { kind: Some(Kind::Cuda), fetch: false }, Wish { kind: None, fetch: true }] {
        assert!(machine.search(wish).0.unwrap_err().contains("unset it first"));
    }
}

#[test]
fn use_pytorch_takes_the_python_or_says_what_is_wrong_with_it() {
    let machine = |pythons| Machine { use_pytorch: true, linked_to: "/a", pythons, ..Machine::default() };
    let good = machine(vec!["/py"]).with("/a", CPU).with("/py", CPU);
    assert_eq!(good.choice(), linked("/py", Kind::Cpu, "LIBTORCH_USE_PYTORCH"));
    let none = machine(vec![]).with("/a", CPU).choice().unwrap_err();
    assert!(none.contains("pip install torch==2.11.0"), "{none}");
    let wrong = machine(vec!["/py"]).with("/py", Finding::Wrong("2.4.0".into())).choice().unwrap_err();
    assert!(wrong.contains("found libtorch 2.4.0 at /py, need 2.11.0"), "{wrong}");
}

#[test]
fn a_python_with_the_right_torch_comes_before_the_cache_and_a_wrong_one_is_passed_over() {
    let machine = |pythons| Machine { pythons, ..Machine::default() }.with("/cache/cpu", CPU);
    assert_eq!(machine(vec!["/py"]).with("/py", CPU).choice(), linked("/py", Kind::Cpu, "/bin/python3"));
    let wrong = machine(vec!["/py"]).with("/py", Finding::Wrong("2.4.0".into()));
    assert_eq!(wrong.choice(), linked("/cache/cpu/torch", Kind::Cpu, "the cache"));
    let second = machine(vec!["/py", "/py2"]).with("/py", Finding::Wrong("2.4.0".into())).with("/py2", CPU);
    assert_eq!(second.choice(), linked("/py2", Kind::Cpu, "/bin/python3"));
}

#[test]
fn with_a_gpu_only_a_libtorch_with_cuda_is_chosen_by_itself() {
    let machine = Machine { gpu: true, pythons: vec!["/py"], ..Machine::default() }.with("/py", CPU);
    let machine = machine.with("/cache/cpu", CPU);
    assert_eq!(machine.choice(), fetched(Kind::Cuda));
    assert_eq!(machine.with("/cache/cuda", CUDA).choice(), linked("/cache/cuda/torch", Kind::Cuda, "the cache"));
}

#[test]
fn without_a_gpu_a_complete_libtorch_in_the_cache_serves_too() {
    let machine = Machine::default().with("/cache/cuda", CUDA);
    assert_eq!(machine.choice(), linked("/cache/cuda/torch", Kind::Cuda, "the cache"));
}

#[test]
fn a_kind_asked_for_is_what_one_gets() {
    let wish = |kind| Wish { kind: Some(kind), fetch: false };
    let machine = || Machine { linked_to: "/a", pythons: vec!["/py"], gpu: true, ..Machine::default() };
    let machine = || machine().with("/py", CUDA).with("/cache/cpu", CPU);
    assert_eq!(machine().with("/a", CUDA).search(wish(Kind::Cuda)).0, Ok(Choice::Keep(Kind::Cuda)));
    assert_eq!(machine().with("/a", CPU).search(wish(Kind::Cuda)).0, linked("/py", Kind::Cuda, "/bin/python3"));
    assert_eq!(
        machine().with("/a", CUDA).search(wish(Kind::Cpu)).0,
        linked("/cache/cpu/torch", Kind::Cpu, "the cache")
    );
}

#[test]
fn force_fetches_whatever_is_there() {
    let machine = Machine { linked_to: "/a", pythons: vec!["/py"], ..Machine::default() };
    let machine = machine.with("/a", CPU).with("/py", CPU).with("/cache/cpu", CPU);
    assert_eq!(machine.search(Wish { kind: None, fetch: true }).0, fetched(Kind::Cpu));
}

#[test]
fn a_damaged_cache_is_fetched_again_and_the_damage_is_told() {
    let machine = Machine { linked_to: "/cache/cpu/torch", ..Machine::default() };
    let damage = "libtorch_cpu.so has 3 bytes, not 4 bytes";
    let machine = machine.with("/cache/cpu/torch", Finding::Broken(damage.into()));
    let machine = machine.with("/cache/cpu", Finding::Broken(damage.into()));
    assert_eq!(machine.choice(), Ok(Choice::Fetch { kind: Kind::Cpu, damage: Some(damage.to_owned()) }));
}

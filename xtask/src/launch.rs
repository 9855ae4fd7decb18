//! Whether a launcher started this process as one of several, and as which: read from the variables that torchrun, Kubernetes'
//! PyTorchJob, Slurm's srun, Open MPI and MPICH set. Nothing is guessed: variables that are half set are an error that names what
//! is missing.

/// Port of rank 0's store where nobody names one; PyTorch's.
const PORT: u16 = 29500;

/// One of several processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// This one, from 0.
    pub rank: usize,
    /// How many there are.
    pub ranks: usize,
    /// This one among those of its machine.
    pub local_rank: usize,
    /// How many run on this machine.
    pub local_ranks: usize,
    /// Rank 0's machine.
    pub host: String,
    /// Port of rank 0's store.
    pub port: u16,
    /// Whether the launcher serves the store.
    pub agent: bool,
    /// How often the launcher has started the processes again.
    pub attempt: u64,
}

/// What the variables say that `get` looks up; `None` where nobody launched several processes.
///
/// # Errors
/// A line that names the variables that are missing, or the one whose value is none.
pub fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<Launch>, String> {
    let vars = Vars { get };
    let launch = if vars.is_set("RANK") || vars.is_set("WORLD_SIZE") {
        torchrun(&vars)?
    } else if vars.is_set("SLURM_STEP_NUM_TASKS") {
        slurm(&vars)?
    } else if vars.is_set("OMPI_COMM_WORLD_SIZE") {
        mpi(&vars, OPEN_MPI)?
    } else if vars.is_set("PMI_SIZE") {
        mpi(&vars, MPICH)?
    } else {
        return Ok(None);
    };
    if launch.rank >= launch.ranks || launch.local_rank >= launch.local_ranks {
        let Launch { rank, ranks, local_rank, local_ranks, .. } = launch;
        return Err(format!(
            "the launcher's variables make this rank {rank} of {ranks}, and {local_rank} of {local_ranks} on this machine: \
             ranks count from 0"
        ));
    }
    Ok((launch.ranks > 1).then_some(launch))
}

/// RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, as torchrun and PyTorchJob set them.
fn torchrun(vars: &Vars<'_>) -> Result<Launch, String> {
    vars.need(&["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"], "")?;
    let local_ranks = vars.number("LOCAL_WORLD_SIZE")?.unwrap_or(1);
    Ok(Launch {
        rank: vars.number("RANK")?.unwrap_or_default(),
        ranks: vars.number("WORLD_SIZE")?.unwrap_or_default(),
        local_rank: if local_ranks == 1 { 0 } else { vars.number("LOCAL_RANK")?.unwrap_or_default() },
        local_ranks,
        host: vars.text("MASTER_ADDR").unwrap_or_default(),
        port: vars.number("MASTER_PORT")?.unwrap_or(PORT),
        agent: vars.text("TORCHELASTIC_USE_AGENT_STORE").is_some_and(|it| it == "True"),
        attempt: vars.number("TORCHELASTIC_RESTART_COUNT")?.unwrap_or_default(),
    })
}

/// What srun sets for the tasks of a step. A batch script itself is no task of a step.
fn slurm(vars: &Vars<'_>) -> Result<Launch, String> {
    let ranks: usize = vars.number("SLURM_STEP_NUM_TASKS")?.unwrap_or_default();
    let nodes = vars.text("SLURM_STEP_NODELIST").or_else(|| vars.text("SLURM_JOB_NODELIST"));
    if ranks > 1 {
        vars.need(&["SLURM_PROCID"], "SLURM_STEP_NUM_TASKS is set: ")?;
    }
    let local_ranks = match vars.text("SLURM_STEP_TASKS_PER_NODE") {
        Some(counts) => tasks_on(&counts, vars.number("SLURM_NODEID")?.unwrap_or_default()).unwrap_or(ranks),
        None => ranks,
    };
    // Two jobs of one node get different ports.
    let job: u32 = vars.number("SLURM_JOB_ID")?.unwrap_or_default();
    let port = match vars.number("MASTER_PORT")? {
        Some(port) => port,
        None => 20_000 + (job % 10_000) as u16,
    };
    let host = vars.text("MASTER_ADDR").or_else(|| first_host(&nodes?));
    Ok(Launch {
        rank: vars.number("SLURM_PROCID")?.unwrap_or_default(),
        ranks,
        local_rank: vars.number("SLURM_LOCALID")?.unwrap_or_default(),
        local_ranks,
        host: host.ok_or("neither SLURM_STEP_NODELIST nor MASTER_ADDR says where rank 0 is: set MASTER_ADDR")?,
        port,
        agent: false,
        attempt: vars.number("SLURM_RESTART_COUNT")?.unwrap_or_default(),
    })
}

/// Rank, size, and the same on this machine.
const OPEN_MPI: [&str; 4] =
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"];
const MPICH: [&str; 4] = ["PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"];

/// What mpirun sets. It does not say where rank 0 is, which only matters on several machines.
fn mpi(vars: &Vars<'_>, [rank, size, local_rank, local_size]: [&str; 4]) -> Result<Launch, String> {
    let ranks: usize = vars.number(size)?.unwrap_or_default();
    vars.need(&[rank], &format!("{size} is set: "))?;
    let local_ranks = vars.number(local_size)?.unwrap_or(if ranks == 1 { 1 } else { 0 });
    let host = match vars.text("MASTER_ADDR") {
        Some(host) => host,
        None if local_ranks == ranks => "127.0.0.1".to_owned(),
        None => {
            return Err(format!(
                "{ranks} ranks run on several machines, and MASTER_ADDR is missing: set it to the name of rank 0's (mpirun -x \
                 MASTER_ADDR=...)"
            ));
        }
    };
    Ok(Launch {
        rank: vars.number(rank)?.unwrap_or_default(),
        ranks,
        local_rank: vars.number(local_rank)?.unwrap_or_default(),
        local_ranks: local_ranks.max(1),
        host,
        port: vars.number("MASTER_PORT")?.unwrap_or(PORT),
        agent: false,
        attempt: 0,
    })
}

struct Vars<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
}

impl Vars<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|text| !text.is_empty())
    }

    fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let parsed = |text: String| text.parse().map_err(|_| format!("{name} is \"{text}\", which is no such number"));
        self.text(name).map(parsed).transpose()
    }

    fn need(&self, names: &[&str], before: &str) -> Result<(), String> {
        let (set, missing): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| self.is_set(name));
        if missing.is_empty() {
            return Ok(());
        }
        let (is, are) = ("is", "are");
        let verb = |count| if count == 1 { is } else { are };
        let set = match set.len() {
            0 => String::new(),
            count => format!("{} {} set: ", set.join(", "), verb(count)),
        };
        Err(format!(
            "{before}{set}{} {} missing: a launcher sets all of them; to train alone, unset them",
            missing.join(", "),
            verb(missing.len())
        ))
    }
}

/// The first host of Slurm's list, such as `node[03-05,7],other`.
fn first_host(list: &str) -> Option<String> {
    let (name, rest) = match list.find(['[', ',']) {
        Some(at) => list.split_at(at),
        None => (list, ""),
    };
    let number = rest.strip_prefix('[').and_then(|rest| rest.split(['-', ',', ']']).next()).unwrap_or_default();
    let tail = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or("", |(_, tail)| tail);
    let tail = tail.split(',').next().unwrap_or_default();
    (!name.is_empty()).then(|| format!("{name}{number}{tail}"))
}

/// Tasks on node `node` of a list such as `2(x3),1`.
fn tasks_on(counts: &str, node: usize) -> Option<usize> {
    let mut left = node;
    for part in counts.split(',') {
        let (tasks, times) = match part.split_once("(x") {
            Some((tasks, times)) => (tasks, times.trim_end_matches(')').parse().ok()?),
            None => (part, 1),
        };
        if left < times {
            return tasks.parse().ok();
        }
        left -= times;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Option<Launch>, String> {
        read(&|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn launch(rank: usize, ranks: usize, host: &str, port: u16) -> Launch {
        let host = host.to_owned();
        Launch { rank, ranks, local_rank: 0, local_ranks: 1, host, port, agent: false, attempt: 0 }
    }

    const TORCHRUN: [(&str, &str); 4] =
        [("RANK", "3"), ("WORLD_SIZE", "4"), ("MASTER_ADDR", "gpu1"), ("MASTER_PORT", "1234")];

    #[test]
    fn nobody_launched_anything() {
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(
            of(&[("MASTER_ADDR", "a"), ("SLURM_NTASKS", "4"), ("SLURM_PROCID", "0")]),
            Ok(None),
            "a batch script"
        );
        assert_eq!(of(&[("SLURM_STEP_NUM_TASKS", "1"), ("SLURM_STEP_NODELIST", "a")]), Ok(None));
    }

    #[test]
    fn torchrun_says_everything() {
        let of_job = of(&TORCHRUN).unwrap().unwrap();
        assert_eq!(of_job, launch(3, 4, "gpu1", 1234), "as a PyTorchJob, which has a machine for each rank");
        let elastic = [
            ("LOCAL_RANK", "1"),
            ("LOCAL_WORLD_SIZE", "2"),
            ("TORCHELASTIC_USE_AGENT_STORE", "True"),
            ("TORCHELASTIC_RESTART_COUNT", "2"),
        ];
        let found = of(&[&TORCHRUN[..], &elastic].concat()).unwrap().unwrap();
        let expected = Launch { local_rank: 1, local_ranks: 2, agent: true, attempt: 2, ..of_job };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_half_set_is_told() {
        let text = of(&[("RANK", "0"), ("MASTER_PORT", "1")]).unwrap_err();
        assert_eq!(
            text,
            "RANK, MASTER_PORT are set: WORLD_SIZE, MASTER_ADDR are missing: a launcher sets all of them; to train alone, unset them"
        );
        let text = of(&TORCHRUN[..3]).unwrap_err();
        assert!(text.starts_with("RANK, WORLD_SIZE, MASTER_ADDR are set: MASTER_PORT is missing"), "{text}");
        let text = of(&[("RANK", "x"), TORCHRUN[1], TORCHRUN[2], TORCHRUN[3]]).unwrap_err();
        assert_eq!(text, "RANK is \"x\", which is no such number");
        let text = of(&[("RANK", "4"), TORCHRUN[1], TORCHRUN[2], TORCHRUN[3]]).unwrap_err();
        assert!(text.contains("rank 4 of 4"), "{text}");
        assert!(of(&[("OMPI_COMM_WORLD_SIZE", "2")]).unwrap_err().contains("OMPI_COMM_WORLD_RANK is missing"));
    }

    #[test]
    fn srun_says_where_its_tasks_are() {
        let step = [
            ("SLURM_STEP_NUM_TASKS", "5"),
            ("SLURM_STEP_NODELIST", "node[07-09],other"),
            ("SLURM_STEP_TASKS_PER_NODE", "2(x2),1"),
            ("SLURM_PROCID", "3"),
            ("SLURM_NODEID", "1"),
            ("SLURM_LOCALID", "1"),
            ("SLURM_JOB_ID", "123456"),
            ("SLURM_RESTART_COUNT", "1"),
        ];
        let expected = Launch { local_rank: 1, local_ranks: 2, attempt: 1, ..launch(3, 5, "node07", 23_456) };
        assert_eq!(of(&step), Ok(Some(expected.clone())));
        let named = [&step[..], &[("MASTER_ADDR", "m"), ("MASTER_PORT", "9")]].concat();
        assert_eq!(of(&named), Ok(Some(Launch { host: "m".to_owned(), port: 9, ..expected })));
    }

    #[test]
    fn hosts_and_tasks_are_read_out_of_slurms_lists() {
        for (list, first) in
            [("a", "a"), ("a,b", "a"), ("n[1,3]", "n1"), ("n[01-3]-ib,m", "n01-ib"), ("h-1,h-2", "h-1")]
        {
            assert_eq!(first_host(list).as_deref(), Some(first), "{list}");
        }
        assert_eq!(first_host(""), None);
        assert_eq!([0, 1, 2, 3].map(|node| tasks_on("4(x2),1", node)), [Some(4), Some(4), Some(1), None]);
        assert_eq!(tasks_on("nonsense", 0), None);
    }

    #[test]
    fn mpirun_on_one_machine_needs_no_address() {
        let open = [
            ("OMPI_COMM_WORLD_RANK", "1"),
            ("OMPI_COMM_WORLD_SIZE", "2"),
            ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
            ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
        ];
        let expected = Launch { local_rank: 1, local_ranks: 2, ..launch(1, 2, "127.0.0.1", 29500) };
        assert_eq!(of(&open), Ok(Some(expected)));
        let mpich = [("PMI_RANK", "0"), ("PMI_SIZE", "4"), ("MPI_LOCALRANKID", "0"), ("MPI_LOCALNRANKS", "2")];
        let text = of(&mpich).unwrap_err();
        assert!(text.contains("4 ranks run on several machines, and MASTER_ADDR is missing"), "{text}");
        let found = of(&[&mpich[..], &[("MASTER_ADDR", "n1")]].concat()).unwrap().unwrap();
        assert_eq!((found.host.as_str(), found.local_ranks, found.port), ("n1", 2, 29500));
    }
}

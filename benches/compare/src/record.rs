//! The raw rows and the machine they were taken on: what tables and charts are drawn from, again and again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use values::plain;

use crate::machine::Machine;
use crate::work::{Side, Work};

/// One measure of one turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was done: the name of a [`Work`], or of a series of `--scaling`.
    pub work: String,
    /// Who did it; for `--scaling` the value that was varied.
    pub side: String,
    /// Which turn, from 1.
    pub repetition: u32,
    /// What was measured, such as `epoch` (seconds), `peak` (GFLOP/s), `memory` (bytes).
    pub measure: String,
    /// How much of it.
    pub value: f64,
}

/// One run of `bench`: a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `versus`, `versus-cuda`, `scaling` or `criterion`.
    pub kind: String,
    /// When it began.
    pub date: String,
    /// The command that repeats it.
    pub command: String,
    /// Threads of every side.
    pub threads: u32,
    /// Hardware and versions.
    pub machine: Machine,
    /// What was measured.
    pub rows: Vec<Row>,
}

impl Row {
    /// What `side` measured in a turn at `work`.
    pub fn new(work: Work, side: Side, repetition: u32, measure: &str, value: f64) -> Row {
        Row { work: work.name().into(), side: side.name().into(), repetition, measure: measure.into(), value }
    }
}

impl Record {
    /// Takes over from `earlier` what is not in `works`, which are measured again, and the versions that took part in it.
    pub fn keep(&mut self, earlier: Record, works: &[Work]) {
        let again = |row: &Row| works.iter().any(|work| work.name() == row.work);
        self.rows.extend(earlier.rows.into_iter().filter(|row| !again(row)));
        let peers = earlier.machine.peers.into_iter();
        let more: Vec<String> = peers.filter(|peer| !self.machine.peers.contains(peer)).collect();
        self.machine.peers.extend(more);
    }

    /// The values of a measure, by repetition.
    pub fn values(&self, work: &str, side: &str, measure: &str) -> Vec<(u32, f64)> {
        let wanted = |row: &&Row| row.work == work && row.side == side && row.measure == measure;
        self.rows.iter().filter(wanted).map(|row| (row.repetition, row.value)).collect()
    }

    /// One median per repetition: a turn may measure the same thing several times.
    pub fn medians(&self, work: &str, side: &str, measure: &str) -> Vec<(u32, f64)> {
        let values = self.values(work, side, measure);
        let mut repetitions: Vec<u32> = values.iter().map(|(repetition, _)| *repetition).collect();
        repetitions.sort_unstable();
        repetitions.dedup();
        let of = |wanted: u32| -> Vec<f64> {
            values.iter().filter(|(repetition, _)| *repetition == wanted).map(|(_, value)| *value).collect()
        };
        repetitions.into_iter().filter_map(|n| Some((n, crate::stats::median(&of(n))?))).collect()
    }

    /// The name of its file: date, kind, GPU or else processor, and threads.
    pub fn file_name(&self) -> String {
        let plain = |text: &str| -> String {
            let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
            let parts: Vec<String> =
                kept.collect::<String>().split('-').filter(|p| !p.is_empty()).map(str::to_owned).collect();
            parts.join("-")
        };
        let device = self.machine.gpu.as_ref().map_or(&self.machine.cpu, |gpu| &gpu.name);
        let day = self.date.get(..10).unwrap_or(&self.date);
        format!("{day}-{}-{}-{}t.json", self.kind, plain(device), self.threads)
    }

    /// Writes it into `folder`, whole or not at all, a row to a line.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join(self.file_name());
        let lines = self.rows.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        let head = serde_json::to_string_pretty(&Record { rows: Vec::new(), ..self.clone() })?;
        let text = head.replace("\"rows\": []", &format!("\"rows\": [\n    {}\n  ]", lines.join(",\n    ")));
        crate::page::write(&path, &format!("{text}\n"))?;
        Ok(path)
    }

    /// Reads one.
    ///
    /// # Errors
    /// If the file cannot be read or holds something else.
    pub fn read(path: &Path) -> Result<Record> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| {
            anyhow::anyhow!("{} holds no results of `bench`: {}", path.display(), plain(&error.to_string()))
        })
    }

    /// The newest of `kind` in `folder`, by the date inside; `None` where there is none.
    ///
    /// # Errors
    /// If a file there cannot be read.
    pub fn newest(folder: &Path, kind: &str) -> Result<Option<Record>> {
        let records = Record::all(folder)?.into_iter().filter(|record| record.kind == kind);
        Ok(records.max_by(|a, b| a.date.cmp(&b.date)))
    }

    /// All in `folder`; none where it is not there.
    ///
    /// # Errors
    /// If a file there cannot be read.
    pub fn all(folder: &Path) -> Result<Vec<Record>> {
        let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.map(|path| Record::read(&path)).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::machine::Gpu;

    /// A record of made-up rows: work, side, repetition, measure, value.
    pub fn record(rows: &[(&str, &str, u32, &str, f64)]) -> Record {
        let machine = Machine {
            cpu: "AMD EPYC, family 25".into(),
            processors: 2,
            kernel: "Linux 6".into(),
            rustc: "rustc 1.95".into(),
            libtorch: "2.11.0".into(),
            torch: "2.11.0".into(),
            gpu: None,
            peers: Vec::new(),
        };
        let row = |&(work, side, repetition, measure, value): &(&str, &str, u32, &str, f64)| Row {
            work: work.into(),
            side: side.into(),
            repetition,
            measure: measure.into(),
            value,
        };
        Record {
            kind: "versus".into(),
            date: "2026-01-31T12:00:00Z".into(),
            command: "cargo xtask bench --versus".into(),
            threads: 2,
            machine,
            rows: rows.iter().map(row).collect(),
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was_written_and_the_newest_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let old = record(&[("lenet-500", "ours", 1, "epoch", 0.1), ("lenet-500", "ours", 2, "epoch", 1.0 / 3.0)]);
        let path = old.write(folder.path()).unwrap();
        assert_eq!(path.file_name().unwrap(), "2026-01-31-versus-amd-epyc-family-25-2t.json");
        assert_eq!(Record::read(&path).unwrap(), old);
        let new = Record { date: "2026-02-01T12:00:00Z".into(), rows: Vec::new(), ..old.clone() };
        new.write(folder.path()).unwrap();
        assert_eq!(Record::newest(folder.path(), "versus").unwrap(), Some(new));
        assert_eq!(Record::newest(folder.path(), "scaling").unwrap(), None);
    }

    #[test]
    fn a_record_with_a_gpu_stands_beside_the_one_without_and_one_of_before_is_still_read() {
        let folder = tempfile::tempdir().unwrap();
        let cpu = record(&[("lenet-500", "ours", 1, "epoch", 4.0)]);
        let path = cpu.write(folder.path()).unwrap();
        // Nothing of GPUs and other libraries stands in it, as in those that were written before there were any.
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("gpu") && !text.contains("peers"), "{text}");

        let mut cuda = Record { kind: "versus-cuda".into(), ..cpu.clone() };
        cuda.machine.gpu = Some(Gpu { name: "NVIDIA H100 80GB".into(), driver: "580.1".into(), cuda: "13.0".into() });
        let path = cuda.write(folder.path()).unwrap();
        assert_eq!(path.file_name().unwrap(), "2026-01-31-versus-cuda-nvidia-h100-80gb-2t.json");
        assert_eq!(Record::newest(folder.path(), "versus-cuda").unwrap(), Some(cuda));
        assert_eq!(Record::newest(folder.path(), "versus").unwrap(), Some(cpu));
    }

    #[test]
    fn every_record_that_is_kept_can_be_read() {
        for kind in ["versus", "scaling"] {
            assert!(
                !Record::newest(&crate::workspace::own().results(), kind).unwrap().unwrap().rows.is_empty(),
                "{kind}"
            );
        }
    }

    #[test]
    fn works_that_are_not_measured_anew_are_kept_with_the_versions_that_took_part() {
        let mut earlier = record(&[("mlp-20", "burn", 1, "epoch", 9.0), ("lenet-500", "ours", 1, "epoch", 4.0)]);
        earlier.machine.peers = vec!["burn 0".into()];
        let mut again = record(&[]);
        again.keep(earlier, &[Work::Lenet500]);
        assert_eq!(again.rows, record(&[("mlp-20", "burn", 1, "epoch", 9.0)]).rows);
        assert_eq!(again.machine.peers, ["burn 0"]);
    }

    #[test]
    fn several_values_of_a_turn_count_once_as_their_median() {
        let rows = [1.0, 9.0, 2.0].map(|value| ("a", "ours", 1, "epoch", value));
        let record = record(&[&rows[..], &[("a", "ours", 2, "epoch", 5.0), ("a", "other", 2, "epoch", 7.0)]].concat());
        assert_eq!(record.medians("a", "ours", "epoch"), [(1, 2.0), (2, 5.0)]);
    }
}

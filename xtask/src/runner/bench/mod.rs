//! `bench --versus`, `--scaling` and `--render`: lets the sides take turns, then writes tables and charts.

mod charts;
pub mod side;

use crate::device;
use anyhow::{Result, bail};
use std::process::ExitCode;
use xtask::bench::platform::Platform;
use xtask::bench::record::{Record, folder};
use xtask::bench::{criterion, page, scaling, table, versus};
use xtask::cli::BenchArgs;
use xtask::places;

/// Measures, or draws what was measured before.
pub fn run(args: &BenchArgs) -> Result<ExitCode> {
    if args.versus {
        return compare(args);
    }
    if args.scaling {
        let record = scaling::measure(args)?;
        if args.quick {
            crate::console::line(false, &scaling::tables(&record, &[]))
        } else {
            charts::scaling(&record)?
        }
        return Ok(ExitCode::SUCCESS);
    }
    let compared = |platform: Platform| Record::newest(&folder(), platform.kind());
    let (cpu, cuda) = (compared(Platform::Cpu)?, compared(Platform::Cuda)?);
    let (scaled, layers) = (Record::newest(&folder(), "scaling")?, Record::newest(&folder(), criterion::KIND)?);
    if cpu.is_none() && cuda.is_none() && scaled.is_none() && layers.is_none() {
        bail!("{} holds no results: measure with `bench --versus` or `bench --scaling` first", folder().display());
    }
    for (platform, record) in [(Platform::Cpu, cpu), (Platform::Cuda, cuda)] {
        if let Some(record) = record {
            versus::render(platform, &record, &page::path(), &charts::pictures())?;
        }
    }
    if let Some(record) = scaled {
        charts::scaling(&record)?;
    }
    if let Some(record) = layers {
        page::replace(&page::path(), criterion::KIND, &criterion::section(&record))?;
    }
    crate::console::line(false, &format!("wrote {}", crate::console::shown::path(places::shorten(&page::path()))));
    Ok(ExitCode::SUCCESS)
}

fn compare(args: &BenchArgs) -> Result<ExitCode> {
    let (platform, cuda) = match device::resolve(args.device)? {
        tch::Device::Cuda(index) => (Platform::Cuda, Some(index)),
        _ => (Platform::Cpu, None),
    };
    let task = versus::Task::new(args, cuda)?;
    let (record, failures) = task.measure()?;
    crate::console::line(false, &table::goals(platform, &record));
    if task.is_kept() {
        versus::render(platform, &record, &page::path(), &charts::pictures())?;
    }
    if !failures.is_empty() {
        for failure in &failures {
            xtask::progress::say(failure);
        }
        bail!("{} turns failed and are left out: see above", failures.len());
    }
    Ok(ExitCode::SUCCESS)
}

//! The command line of `cargo xtask bench`, which hands it over as it is.

use std::path::PathBuf;

use clap::Parser;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use compare::device::Device;
use compare::work::Work;
use values::Whole;

/// Run the criterion benches, or compare with PyTorch
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 110)]
#[command(after_help = "\
Examples:
  cargo xtask bench                          all criterion benches
  cargo xtask bench -- forward               those whose name contains \"forward\"
  cargo xtask bench --keep                   the figures go to benches/results/ and docs/performance.md
  cargo xtask bench -- --save-baseline before
  cargo xtask bench --versus --threads 2     against PyTorch, alternating; some 40 minutes
  cargo xtask bench --versus --quick --work softmax-600
  cargo xtask bench --versus --peers         burn and candle too; some 10 minutes more
  cargo xtask bench --versus --device cuda   on the first GPU, against PyTorch there
  cargo xtask bench --scaling                time and memory as work grows
  cargo xtask bench --render                 docs/performance.md again from benches/results/")]
pub struct Words {
    /// Alternate with PyTorch 2.11.0 and write the table of docs/performance.md
    #[arg(long, conflicts_with_all = ["scaling", "render"])]
    pub versus: bool,
    /// Time and memory against batch, data set, threads and width, and over 10,000 steps
    #[arg(long, conflicts_with = "render")]
    pub scaling: bool,
    /// Write tables and charts again from the newest results, measuring nothing
    #[arg(long)]
    pub render: bool,
    /// Keep what the criterion benches measured in benches/results/ and write it into docs/performance.md
    #[arg(long, conflicts_with_all = ["versus", "scaling", "render", "quick"])]
    pub keep: bool,
    /// Tiny amounts of work: shows that everything runs; the figures are printed and not kept
    #[arg(long)]
    pub quick: bool,
    /// Where all sides compute: cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "cpu", requires = "versus", conflicts_with_all = ["scaling", "render"])]
    pub device: Device,
    /// Other Rust libraries (burn, candle) take turns as well; they are built first. CPU only
    #[arg(long, requires = "versus", conflicts_with_all = ["scaling", "render"])]
    pub peers: bool,
    /// Threads of every side, and of the criterion benches
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = whole::<u32>(1, 1024))]
    pub threads: u32,
    /// Only these works; may be given several times
    #[arg(long, value_name = "NAME", value_parser = works(), requires = "versus")]
    pub work: Vec<Work>,
    /// Times that all sides take their turn
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = whole::<u32>(1, 1000))]
    pub repetitions: u32,
    /// A Python that has what benches/pytorch/requirements.txt names; without it one is set up in the cache
    #[arg(long, value_name = "PATH", requires = "versus")]
    pub python: Option<PathBuf>,
    /// Folder that holds MNIST as DIR/mnist/, or MNIST's own folder (default: $MINIBATCH_DATA, then data/)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Passed on to criterion: a filter, --save-baseline NAME, --baseline NAME, ...
    #[arg(last = true, value_name = "CRITERION ARGS", conflicts_with_all = ["versus", "scaling", "render"])]
    pub criterion: Vec<String>,
}

impl Words {
    /// Whether criterion's benches are meant, which cargo runs, rather than a comparison.
    pub fn is_criterion(&self) -> bool {
        !(self.versus || self.scaling || self.render)
    }
}

/// The names of all works, each with what it is.
fn works() -> impl TypedValueParser<Value = Work> {
    let values = Work::ALL.iter().map(|work| PossibleValue::new(work.name()).help(work.about()));
    PossibleValuesParser::new(values).try_map(|name| Work::named(&name).ok_or("no such work"))
}

/// A whole number between two bounds, both allowed.
fn whole<T: TryFrom<i64>>(low: i64, high: i64) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync {
    move |text| Whole::new("", low, high).parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Words, clap::Error> {
        Words::try_parse_from(std::iter::once("compare").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definitions_hold_together() {
        Words::command().debug_assert();
    }

    #[test]
    fn good_command_lines_are_taken() {
        for line in [
            "",
            "-- --save-baseline before",
            "--versus --quick --work lenet-500 --work start --threads 1 --python p --repetitions 3",
            "--versus --peers",
            "--versus --device cuda:1 --work lenet-500-tf32",
            "--scaling --threads 1",
            "--render",
        ] {
            assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
        }
    }

    #[test]
    fn wrong_command_lines_exit_with_two() {
        for line in [
            "--threads 0",
            "--threads 4294967297",
            "forward",
            "--peers",
            "--scaling --device cuda",
            "--render --peers",
            "--versus --device gpu",
            "--versus --work lenet",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        let said = parse("--threads 1025").unwrap_err().to_string();
        assert!(said.contains("it must be a whole number from 1 to 1024"), "{said}");
    }
}

//! A sweep as jobs of Slurm: an array with a task for each trial, and behind it the job that puts the winner to the test.
//!
//! Tasks may be killed, requeued and started again: each continues its trial with the same bits. Source: `man sbatch`, Slurm 22.05.

use crate::Error;
use crate::folder::Folder;

/// The words of the jobs, quoted for a POSIX shell.
#[derive(Debug, Clone)]
pub struct Slurm {
    /// The folder that the jobs work in.
    pub working: String,
    /// The sweep's folder, absolute.
    pub folder: String,
    /// The command that continues the sweep; with `--trial N` it trains that trial alone.
    pub command: String,
}

const TRIALS: &str = "trials.sbatch";
const WINNER: &str = "winner.sbatch";

impl Slurm {
    /// The job array. Options of `sbatch` override its lines; each task writes `slurm/N.log` in the sweep's folder.
    pub fn trials(&self, count: u64) -> String {
        self.job(
            &format!("#SBATCH --job-name=sweep\n#SBATCH --array=1-{count}\n"),
            "\"$SLURM_ARRAY_TASK_ID\"",
            " --trial \"$SLURM_ARRAY_TASK_ID\"",
        )
    }

    /// The job that is to start when all tasks have ended: it trains what is left and tests the winner once.
    pub fn winner(&self) -> String {
        self.job("#SBATCH --job-name=sweep-winner\n", "winner", "")
    }

    /// The line that submits both.
    pub fn submit(&self) -> String {
        let Slurm { folder, .. } = self;
        format!("sbatch --dependency=afterany:$(sbatch --parsable {folder}/{TRIALS}) {folder}/{WINNER}")
    }

    /// Writes both jobs into the sweep's folder.
    ///
    /// # Errors
    /// [`Error::Io`] where they or the folder of their logs cannot be written.
    pub fn write(&self, folder: &Folder, count: u64) -> Result<(), Error> {
        let logs = folder.path().join("slurm");
        std::fs::create_dir_all(&logs).map_err(Error::io("make", logs))?;
        folder.write(TRIALS, self.trials(count).as_bytes())?;
        folder.write(WINNER, self.winner().as_bytes())
    }

    fn job(&self, lines: &str, log: &str, words: &str) -> String {
        let Slurm { working, folder, command } = self;
        // A folder's name may hold what `--output` takes for a pattern; a shell reads it as it is.
        format!(
            "#!/bin/sh\n{lines}#SBATCH --requeue\n#SBATCH --output=/dev/null\n\
             exec >> {folder}/slurm/{log}.log 2>&1\n\
             cd {working} || exit 1\n\
             exec {command}{words}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_trains_the_trial_of_its_number() {
        let slurm = Slurm {
            working: "/home/a".into(),
            folder: "'/home/a/my runs'".into(),
            command: "minibatch sweep --resume 'my runs'".into(),
        };
        let job = "#!/bin/sh\n#SBATCH --job-name=sweep\n#SBATCH --array=1-12\n#SBATCH --requeue\n#SBATCH --output=/dev/null\n\
                   exec >> '/home/a/my runs'/slurm/\"$SLURM_ARRAY_TASK_ID\".log 2>&1\ncd /home/a || exit 1\n\
                   exec minibatch sweep --resume 'my runs' --trial \"$SLURM_ARRAY_TASK_ID\"\n";
        assert_eq!(slurm.trials(12), job);
        assert!(slurm.winner().ends_with("exec minibatch sweep --resume 'my runs'\n"));
        assert!(!slurm.winner().contains("array"));
    }
}

//! What this process has of the machine's memory, as Linux says it.

/// The most memory that this process has had.
pub const PEAK: &str = "VmHWM";
/// What it has now.
pub const NOW: &str = "VmRSS";

/// A figure of `/proc/self/status` in bytes; `None` where the system does not say.
pub fn bytes(field: &str) -> Option<u64> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?, field)
}

/// The memory that this machine, or the container that limits this process, can still give; `None` where the system does not say.
pub fn available() -> Option<u64> {
    let machine = parse(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable")?;
    let number = |file: &str| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let limit = number("/sys/fs/cgroup/memory.max").zip(number("/sys/fs/cgroup/memory.current"));
    Some(limit.map_or(machine, |(most, used)| machine.min(most.saturating_sub(used))))
}

/// Lets [`PEAK`] begin anew with what the process has now; where the system refuses, it stays.
pub fn reset_peak() {
    // Only a figure depends on it.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// What Linux calls kB there are 1,024 bytes.
fn parse(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilobyte_of_linux_is_1024_bytes() {
        let status = "Name:\tminibatch\nVmHWM:\t    2048 kB\nVmRSS:\t      10 kB\n";
        assert_eq!((parse(status, PEAK), parse(status, NOW)), (Some(2_097_152), Some(10_240)));
        assert_eq!((parse(status, "VmSwap"), parse("VmHWM: many kB", PEAK)), (None, None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_holds_more_than_a_megabyte() {
        assert!(available().is_some_and(|bytes| bytes > 1_000_000));
        assert!([PEAK, NOW].into_iter().all(|field| bytes(field).is_some_and(|bytes| bytes > 1_000_000)));
    }
}

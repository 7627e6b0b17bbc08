//! How much memory the system lets the program have.

/// Bytes: what the machine has, or less where a control group says so (a container, a unit with `MemoryMax`).
/// `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub fn limit() -> Option<u64> {
    let text = |file: &std::path::Path| std::fs::read_to_string(file).unwrap_or_default();
    let machine = total(&text("/proc/meminfo".as_ref()));
    let groups = text("/proc/self/cgroup".as_ref());
    limits(&groups).filter_map(|file| text(&file).trim().parse().ok()).chain(machine).min()
}

/// What `/proc/meminfo` says that the machine has.
#[cfg(target_os = "linux")]
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// There is nobody to ask.
#[cfg(not(target_os = "linux"))]
pub fn limit() -> Option<u64> {
    None
}

/// Where the limits of the groups in `/proc/self/cgroup` stand, of version 2 and of version 1 (cgroups(7)): each
/// group's own and, since those hold as well, those of the groups it is in.
#[cfg(target_os = "linux")]
fn limits(groups: &str) -> impl Iterator<Item = std::path::PathBuf> {
    let group = |line: &str| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let path = std::path::PathBuf::from(path.trim_start_matches('/'));
        match controllers {
            "" => Some(("/sys/fs/cgroup", path, "memory.max")),
            "memory" => Some(("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes")),
            _ => None,
        }
    };
    groups.lines().filter_map(group).flat_map(|(root, path, file)| {
        let all: Vec<_> = path.ancestors().map(|group| std::path::Path::new(root).join(group).join(file)).collect();
        all
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_group_and_of_those_it_is_in_count() {
        let files = |groups| limits(groups).map(|file| file.display().to_string()).collect::<Vec<_>>();
        assert_eq!(
            files("0::/system.slice/pamphlet.service\n"),
            [
                "/sys/fs/cgroup/system.slice/pamphlet.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
        );
        assert_eq!(files("0::/"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(
            files("5:cpu,cpuacct:/a\n4:memory:/a\n1:name=systemd:/b\nnonsense\n"),
            ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        );
    }

    #[test]
    fn a_machine_says_what_it_has() {
        assert_eq!(total("MemTotal:         497164 kB\nMemFree:  1 kB\n"), Some(497_164 * 1024));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert!(limit().unwrap() > 1_000_000);
    }
}

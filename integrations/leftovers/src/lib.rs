//! Processes that tests leave behind in sessions of their own, where the end of the workers'
//! process group does not reach them.

/// Adopts every process below this one whose parent ends, and kills what is left when dropped.
#[derive(Debug)]
pub struct Leftovers(());

impl Leftovers {
    /// Adopts from now on; to be called before anything is started, and dropped after everything else.
    #[must_use]
    pub fn adopt() -> Self {
        #[cfg(target_os = "linux")]
        {
            // Should the kernel refuse, what leaves its process group is on its own.
            let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        }
        Self(())
    }
}

#[cfg(target_os = "linux")]
impl Drop for Leftovers {
    fn drop(&mut self) {
        use rustix::process::{Signal, WaitOptions, kill_process, waitpid};

        // Each death can hand over children of its own: go on until there are none.
        while let Some(children) = linux::children() {
            for child in children {
                let _ = kill_process(child, Signal::KILL);
                let _ = waitpid(Some(child), WaitOptions::empty());
            }
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use rustix::process::{Pid, getpid};

    /// The children of this process, if there are any.
    pub(super) fn children() -> Option<Vec<Pid>> {
        let own = getpid();
        let children: Vec<Pid> = fs::read_dir("/proc")
            .ok()?
            .flatten()
            .filter_map(|entry| {
                let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
                let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
                (parent(&stat)? == own).then_some(pid)
            })
            .collect();
        (!children.is_empty()).then_some(children)
    }

    /// The parent in a line of `/proc/PID/stat`: the second field after the name, which stands in
    /// parentheses and may hold any character.
    fn parent(stat: &str) -> Option<Pid> {
        let (_, after) = stat.rsplit_once(')')?;
        Pid::from_raw(after.split_whitespace().nth(1)?.parse().ok()?)
    }

    #[test]
    fn names_of_processes_do_not_confuse() {
        assert_eq!(parent("7 (a) R 1 (x)) S 42 7 7 0"), Pid::from_raw(42));
        assert_eq!(parent("7 (sh"), None);
    }
}

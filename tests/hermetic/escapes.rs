//! Tests that try to use what they have not declared, as `escapes.toml` lists them.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::support::{Project, check_each, project, repository};
use serde::Deserialize;

const ESCAPES: &str = include_str!("escapes.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    what: String,
    body: String,
    named: Option<String>,
    /// `named`, but for the superuser alone.
    privileged: Option<String>,
    blocked: Option<Blocked>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Blocked {
    Never(bool),
    Since(u64),
}

impl Attempt {
    fn is_blocked(&self, landlock: u64) -> bool {
        match self.blocked {
            Some(Blocked::Never(blocked)) => blocked,
            Some(Blocked::Since(version)) => landlock >= version,
            None => true,
        }
    }

    fn named(&self) -> Option<&str> {
        let is_privileged = rustix::process::geteuid().is_root();
        let privileged = self.privileged.as_deref().filter(|_| is_privileged);
        self.named.as_deref().or(privileged)
    }

    /// Its row in the table of docs/hermetic.md.
    fn row(&self) -> String {
        let blocked = match self.blocked {
            Some(Blocked::Never(false)) => "**no**".to_owned(),
            Some(Blocked::Since(version)) => format!("with Landlock {version}"),
            _ => "yes".to_owned(),
        };
        let named = match (&self.named, &self.privileged) {
            (Some(_), _) => "yes",
            (None, Some(_)) => "where it is allowed at all",
            (None, None) => "no",
        };
        format!("| {} | {blocked} | {named} |", self.what)
    }
}

fn attempts() -> Vec<Attempt> {
    #[derive(Deserialize)]
    struct File {
        attempt: Vec<Attempt>,
    }
    toml::from_str::<File>(ESCAPES).unwrap().attempt
}

const HEAD: &str = "\
import os, signal, socket, subprocess, sys\n\
secret, abstract, port = os.environ['SECRET'], os.environ['ABSTRACT'], int(os.environ['PORT'])\n\
outside, parent, home = os.path.dirname(secret), os.getppid(), os.getcwd()\n\
def quiet(function, *arguments):\n    \
    try: return function(*arguments)\n    \
    except OSError: return None\n\
def run(*command):\n    \
    try: found = subprocess.run(command, capture_output=True)\n    \
    except OSError: return None\n    \
    return found.stdout if found.returncode == 0 else None\n";

fn test_file(attempts: &[Attempt]) -> String {
    let mut text = HEAD.to_owned();
    for (n, attempt) in attempts.iter().enumerate() {
        let body = attempt.body.trim().replace('\n', "\n        ");
        write!(
            text,
            "def test_{n}():\n    \
                 own = f\"{{os.environ['TMPDIR']}}/own{n}\"\n    \
                 def attempt():\n        {body}\n    \
                 try: got = attempt()\n    \
                 except BaseException: got = None\n    \
                 finally: os.chdir(home)\n    \
                 assert got is None, 'escaped'\n",
        )
        .unwrap();
    }
    text
}

/// What lies outside of the project, and whoever listens there.
struct Outside {
    project: Project,
    abstract_name: String,
    port: u16,
    _listeners: (TcpListener, UnixListener, UnixListener),
}

impl Outside {
    fn new() -> Self {
        use std::os::linux::net::SocketAddrExt;

        let project = project(&[
            ("secret.txt", "secret"),
            ("outside_module.py", "VALUE = 'secret'\n"),
            ("data.sqlite", ""),
            ("library.so", ""),
            ("program", "#!/bin/sh\necho secret\n"),
        ]);
        let program = project.root().join("program");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        let folder = project.root();
        let abstract_name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let by_path = UnixListener::bind(folder.join("socket")).unwrap();
        let by_name = UnixListener::bind_addr(&address).unwrap();
        fs::write(format!("/dev/shm/{abstract_name}"), "secret").unwrap();
        Self {
            port: tcp.local_addr().unwrap().port(),
            project,
            abstract_name,
            _listeners: (tcp, by_path, by_name),
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = fs::remove_file(format!("/dev/shm/{}", self.abstract_name));
    }
}

#[test]
fn every_attempt_is_blocked_and_named_as_documented() {
    let attempts = attempts();
    assert!(attempts.len() >= 25);
    check_each(super::ENGINES, |engine| {
        let outside = Outside::new();
        let secret = outside.project.root().join("secret.txt");
        let project = project(&[
            ("pyproject.toml", super::PASSES_ON),
            ("test_a.py", &test_file(&attempts)),
        ]);
        // With the file open as descriptor 9, which a shell passes on.
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec 9<\"$SECRET\"; exec \"$@\"", "sh"]);
        let started = project.prepared(engine, &["--hermetic"]);
        let mut started = started.under(shell);
        let variables = &mut started.command;
        variables.env("SECRET", &secret);
        variables.env("ABSTRACT", &outside.abstract_name);
        variables.env("PORT", outside.port.to_string());
        let finished = started.finish_clean();
        let events = finished.events();
        let enforced = events
            .iter()
            .find(|event| event["event"] == "hermetic-started");
        let enforced = enforced.unwrap_or_else(|| panic!("{finished:#?}"));
        let landlock = enforced["landlock"].as_u64().unwrap();
        if landlock < 6 || enforced["network"] != true || enforced["shared_memory"] != true {
            eprintln!("not looked at, because of what this system does not enforce: {enforced}");
            return;
        }
        let mut wrong = Vec::new();
        for (n, attempt) in attempts.iter().enumerate() {
            let failure = super::failure(&events, &format!("test_a.py::test_{n}"));
            let has_escaped = failure
                .as_ref()
                .is_some_and(|(_, text)| text.contains("escaped"));
            let message = failure.map(|(message, _)| message).unwrap_or_default();
            let named = attempt.named().filter(|_| attempt.is_blocked(landlock));
            let is_as_said = match named {
                Some(line) => message.starts_with(line),
                None => message.is_empty() || has_escaped,
            };
            if has_escaped == attempt.is_blocked(landlock) || !is_as_said {
                wrong.push((&attempt.what, has_escaped, message));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        let collected = events
            .iter()
            .find(|event| event["event"] == "collect-finished");
        assert_eq!(collected, None);
        assert_eq!(fs::read(&secret).unwrap(), b"secret");
    });
}

#[test]
fn the_documented_table_is_the_list_of_attempts() {
    let page = fs::read_to_string(repository().join("docs/hermetic.md")).unwrap();
    let expected: Vec<String> = attempts().iter().map(Attempt::row).collect();
    let rows: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| attempt"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(
        rows,
        expected,
        "docs/hermetic.md has other rows:\n{}",
        expected.join("\n")
    );
}

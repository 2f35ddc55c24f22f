//! Runs the built binary on a data folder of the test's own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder that goes when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("posthorn-cli-{test}-{}", std::process::id()));
        let _left_behind = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("made");
        Self(path)
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.0.join(below)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Runs `posthorn ARGUMENTS --data FOLDER/data`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, b"")
    }

    /// The same with something on the standard input stream.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &[u8]) -> Done {
        let mut command = posthorn();
        command.args(arguments).arg("--data").arg(self.data());
        run(command, stdin)
    }

    /// Makes an account.
    pub(crate) fn account(&self, name: &str) {
        self.run_with(&["user", "add", name, "--password-stdin"], b"secret\n").is_ok();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The binary, far from the configuration of the machine that the test runs on.
pub(crate) fn posthorn() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthorn"));
    command.env_remove("POSTHORN_DATA").env_remove("POSTHORN_CONFIG").stdin(Stdio::null());
    command
}

pub(crate) fn run(mut command: Command, stdin: &[u8]) -> Done {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    // A command that wants no input may have ended by now.
    let _ = child.stdin.take().expect("piped").write_all(stdin);
    Done(child.wait_with_output().expect("ends"))
}

/// A run that has ended.
pub(crate) struct Done(pub(crate) Output);

// Each file of tests uses some of these.
#[allow(dead_code, reason = "every test file is a program of its own")]
impl Done {
    pub(crate) fn status(&self) -> Option<i32> {
        self.0.status.code()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).expect("UTF-8")
    }

    pub(crate) fn error(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).expect("UTF-8")
    }

    #[track_caller]
    pub(crate) fn is_ok(&self) -> String {
        assert_eq!(self.status(), Some(0), "{}{}", self.out(), self.error());
        self.out()
    }

    /// It failed with one line that has this in it.
    #[track_caller]
    pub(crate) fn failed(&self, with: &str) {
        let error = self.error();
        assert_eq!(self.status(), Some(1), "{}{error}", self.out());
        assert!(error.starts_with("posthorn: ") && error.contains(with), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.is_ok()).expect("JSON")
    }
}

/// Writes a file and the folders above it.
#[allow(dead_code, reason = "every test file is a program of its own")]
pub(crate) fn write(path: &Path, octets: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
    std::fs::write(path, octets).expect("written");
}

/// Every file below a folder by its path in it, with its octets and its date.
#[allow(dead_code, reason = "every test file is a program of its own")]
pub(crate) fn tree(root: &Path) -> Vec<(String, Vec<u8>, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("read") {
            let path = entry.expect("read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let modified = path.metadata().and_then(|file| file.modified()).expect("dated");
            let at = modified.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
            let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
            found.push((name, std::fs::read(&path).expect("read"), at));
        }
    }
    found.sort();
    found
}

//! Passwords: read, typed or made.

use std::io::{self, IsTerminal, Read};

use anyhow::{Context, Result, bail};

/// Letters and digits that nobody takes for another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// `--password-stdin`
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the standard input stream (one line end at its end is not part of it)
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// The new password: from the standard input stream, or typed twice.
    pub(crate) fn read(self, name: &str) -> Result<String> {
        if self.password_stdin {
            return from_stdin();
        }
        if !io::stdin().is_terminal() {
            bail!("there is no terminal to type a password at: pipe it in and say --password-stdin");
        }
        let first = rpassword::prompt_password(format!("New password for {name}: "))?;
        let second = rpassword::prompt_password("The same again: ")?;
        if first != second {
            bail!("the two passwords are not the same; nothing was changed");
        }
        Ok(first)
    }
}

/// The password that is piped in, without the line end at its end.
pub(crate) fn from_stdin() -> Result<String> {
    let mut password = String::new();
    // Nobody's password is longer, and a file that was piped in by mistake may be.
    io::stdin().lock().take(8192).read_to_string(&mut password).context("the password is not UTF-8")?;
    let password = password.strip_suffix('\n').unwrap_or(&password);
    Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
}

/// A password of 80 random bits that is easy to type: `k7wq-m2xr-9tbn-hc4v`.
pub(crate) fn generate() -> Result<String> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).context("the system gives no random numbers")?;
    let letter = |octet: &u8| ALPHABET.get(usize::from(octet % 32)).copied().map_or('x', char::from);
    let letters: Vec<char> = octets.iter().map(letter).collect();
    Ok(letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

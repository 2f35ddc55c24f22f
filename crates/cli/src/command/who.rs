//! `posthorn who`

use anyhow::{Result, anyhow};
use server::Overrides;
use server::control::{AccountCost, Client, Connected};

use crate::output::{self, Form, Output};
use crate::place::Place;

/// Show who is connected to the running server
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  posthorn who --json\n  posthorn who --accounts")]
pub(crate) struct Who {
    /// Show what each account costs: sessions, processor, waiting for a thread, memory
    #[arg(long)]
    accounts: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

impl Who {
    pub(crate) fn run(self) -> Result<()> {
        let config = self.place.load(Overrides::default())?;
        let data = config.data();
        let nobody = || anyhow!("no server serves {}: nobody is connected", data.display());
        let mut server = Client::connect(data).ok_or_else(nobody)?;
        if self.accounts {
            let accounts = server.accounts()?;
            if self.output.form() == Form::Json {
                return output::json(&accounts);
            }
            let cells: Vec<_> = accounts.into_iter().map(of_account).collect();
            return output::table(&["ACCOUNT", "SESSIONS", "CPU", "WAITED", "MEMORY"], &cells);
        }
        let connected = server.who()?;
        if self.output.form() == Form::Json {
            return output::json(&connected);
        }
        let cells: Vec<_> = connected.into_iter().map(cells).collect();
        output::table(
            &[
                "SESSION", "ADDRESS", "ACCOUNT", "BY", "SECONDS", "CPU", "WAITED", "MEMORY", "COMMAND", "MAILBOX",
                "CLIENT",
            ],
            &cells,
        )
    }
}

fn of_account(cost: AccountCost) -> Vec<String> {
    let AccountCost { account, sessions, cpu_ms, waited_ms, memory } = cost;
    vec![account, sessions.to_string(), seconds(cpu_ms), seconds(waited_ms), output::size(memory)]
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000)
}

/// What clients say of themselves is shown without what a terminal would obey.
fn cells(who: Connected) -> Vec<String> {
    let tame = |text: String| text.replace(char::is_control, "?");
    vec![
        who.session.to_string(),
        who.address,
        tame(who.account.unwrap_or_else(|| "-".to_owned())),
        who.listener,
        who.seconds.to_string(),
        seconds(who.cpu_ms),
        seconds(who.waited_ms),
        output::size(who.memory),
        tame(who.command),
        tame(who.mailbox.unwrap_or_else(|| "-".to_owned())),
        tame(who.client),
    ]
}

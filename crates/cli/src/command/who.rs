//! `posthorn who`

use anyhow::{Result, anyhow};
use server::Overrides;
use server::control::{Client, Connected};

use crate::output::{self, Form, Output};
use crate::place::Place;

/// Show who is connected to the running server
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  posthorn who --json")]
pub(crate) struct Who {
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
        let connected = Client::connect(data).ok_or_else(nobody)?.who()?;
        if self.output.form() == Form::Json {
            return output::json(&connected);
        }
        let cells: Vec<_> = connected.into_iter().map(cells).collect();
        output::table(&["SESSION", "ADDRESS", "ACCOUNT", "BY", "SECONDS", "COMMAND", "MAILBOX", "CLIENT"], &cells)
    }
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
        tame(who.command),
        tame(who.mailbox.unwrap_or_else(|| "-".to_owned())),
        tame(who.client),
    ]
}

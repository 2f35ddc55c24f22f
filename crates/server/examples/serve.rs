//! A server for measuring: `serve DIR USERS [memory]` on ports 21143 (IMAP), 21993 (IMAPS) and 21024 (LMTP) of
//! loopback, with users `user0`… whose password is `testpass`.

use std::path::PathBuf;

use server::{Config, Overrides};
use store::{Options, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let data = PathBuf::from(words.next().ok_or("serve DIR USERS [memory]")?);
    let users: usize = words.next().ok_or("serve DIR USERS [memory]")?.parse()?;
    let at = |port: u16| format!("127.0.0.1:{port}").parse().map(|at| vec![at]);
    let flags = Overrides {
        data: Some(data.clone()),
        imap: at(21143)?,
        imaps: at(21993)?,
        lmtp: at(21024)?,
        plaintext_login: Some(true),
        ..Overrides::default()
    };
    let config = Config::load(None, flags)?;
    server::log::start(&config.log)?;
    std::fs::create_dir_all(&data)?;
    let store = if words.next().is_some() { Store::memory() } else { Store::set_up(&data, Options::default())? };
    let credentials = server::credentials("testpass")?;
    for n in 0..users {
        let name = format!("user{n}");
        if store.directory().find_by_name(&name)?.is_none() {
            store.directory().add(&name, Some(&credentials), 0)?;
        }
    }
    let runtime = server::runtime()?;
    runtime.block_on(async {
        let running = server::serve_store(&config, store).await?;
        tracing::info!(pid = std::process::id(), "ready");
        tokio::signal::ctrl_c().await?;
        running.stop().await;
        Ok(())
    })
}

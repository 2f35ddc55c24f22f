//! What has to be folded at an opening is little, whatever the rows are; and what goes is looked for once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, reason = "the numbers of tests are small")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use account::{Change, Flags, MailboxId, SystemFlags, codec, plan};
use imap::{StoreMode, Uid};
use store::engine::{Engine, Memory};
use store::{Account, Options, Store};
use support::faulty::{Faulty, Power};
use support::{NOW, append, commit, days, mail, name, owned, pass, upload, user};

/// A store of one account, and what that account is kept by.
fn store(options: Options) -> (Store, Arc<Faulty>) {
    let engine = Arc::new(Faulty::over(Arc::new(Memory::default()), Power::unlimited()));
    let kept: Arc<dyn Engine> = engine.clone();
    (Store::with_engines(options, move |_| kept.clone()), engine)
}

/// A mailbox of 2^16 messages, all of one email.
fn fill(store: &Store, account: &Account) {
    append(account, "INBOX", vec![upload(store, &mail(0))]).unwrap();
    for _ in 0..16 {
        double(account);
    }
}

fn double(account: &Account) {
    let copied = commit(account, move |state| {
        let inbox = owned(state, &name("INBOX"));
        plan::copy(state, inbox, &(Uid::MIN..=Uid::MAX).into(), Some(inbox), NOW)
    });
    copied.unwrap();
}

fn store_all(account: &Account, mode: StoreMode) {
    let stored = commit(account, move |state| {
        let flags = Flags::new(SystemFlags::FLAGGED, Vec::new());
        let all = (Uid::MIN..=Uid::MAX).into();
        plan::store(state, owned(state, &name("INBOX")), &all, (mode, &flags), plan::Condition::Always)
    });
    stored.unwrap();
}

/// How many messages are touched by the rows behind the checkpoint.
fn behind(engine: &dyn Engine) -> u64 {
    let mut root = None;
    engine
        .checkpoint(&mut |at, data| root = data.filter(|_| at == (0, 0)).map(<[u8]>::to_vec).or(root.take()))
        .unwrap();
    let mut after = root.and_then(|root| codec::read_root(&root).unwrap().modseq);
    let mut touched = 0;
    loop {
        let rows = engine.log(after, 100).unwrap();
        let Some(last) = rows.last() else { return touched };
        after = Some(last.modseq);
        for change in rows.iter().flat_map(|row| codec::read_changes(&row.changes).unwrap()) {
            touched += match change {
                Change::FlagsChanged { uids, .. } => uids.len(),
                Change::MessagesAdded { messages, .. } => messages.len() as u64,
                _ => 0,
            };
        }
    }
}

#[test]
fn few_rows_about_many_messages_do_not_pile_up() {
    let (store, engine) = store(Options::default());
    let account = user(&store, "alice");
    fill(&store, &account);
    // Nobody sweeps: the server is killed before the next one.
    for _ in 0..15 {
        store_all(&account, StoreMode::Add);
        store_all(&account, StoreMode::Remove);
        assert!(behind(&*engine) <= 500_000 + 65_536, "{} messages to fold", behind(&*engine));
    }
}

#[test]
fn what_nothing_names_is_looked_for_once_however_much_it_is() {
    const MAILS: usize = 4_500;
    let (store, engine) = store(Options::default());
    let account = user(&store, "alice");
    append(&account, "INBOX", (0..MAILS).map(|n| upload(&store, &mail(n))).collect()).unwrap();
    commit(&account, |state| {
        let inbox = owned(state, &name("INBOX"));
        plan::take_away(state, inbox, &(Uid::MIN..=Uid::MAX).into())
    })
    .unwrap();
    assert_eq!(pass(&store, days(29)).1, 0);
    // What has gone is looked for in all of these.
    (0..2_000).for_each(|_| commit_nothing(&account));
    let before = engine.pages.load(Ordering::Relaxed);
    assert_eq!(pass(&store, days(3)).1, MAILS as u64);
    let pages = engine.pages.load(Ordering::Relaxed) - before;
    assert!(engine.log(None, 2_000).unwrap().len() == 2_000 && pages < 40, "rows of the log were read {pages} times");
}

/// A commit that is about no message.
fn commit_nothing(account: &Account) {
    commit(account, |state| {
        let id: MailboxId = state.named(&name("INBOX")).unwrap().id;
        let roles =
            if state.mailbox(id).unwrap().special_use.is_empty() { vec![imap::SpecialUse::Archive] } else { vec![] };
        Ok(account::Planned { changes: vec![Change::SpecialUseSet { id, special_use: roles }], outcome: () })
    })
    .unwrap();
}

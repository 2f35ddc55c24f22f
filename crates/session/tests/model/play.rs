//! Plays a script: each command is said to the server, done in the naive account, and what was heard is held against it.

use testkit::model::{Cache, Client, Completed, Features, Key, Mode, Response, Status};

use crate::actor::{Actor, Stage, flags, name};
use crate::op::{Asked, By, Echo, Op, Opening, Script, Target};

/// Plays a script and says what is wrong.
pub(crate) fn play(script: &Script) -> Result<(), String> {
    let mut stage = Stage::new()?;
    let mut actors = Vec::new();
    for (at, features) in script.clients.iter().enumerate() {
        let mut client = Client::connect(&called(at), *features, &mut stage.network)?;
        select(&mut stage, &mut client, "INBOX", Opening::Select, None)?;
        actors.push(Actor::Online(Box::new(client)));
    }
    for (number, (who, op)) in script.steps.iter().enumerate() {
        let who = who % actors.len();
        let told = step(&mut stage, &mut actors, who, op).and_then(|()| overhear(&mut stage, &mut actors));
        told.map_err(|what| format!("step {number}, {} {op:?}: {what}", called(who)))?;
    }
    for who in 0..actors.len() {
        finish(&mut stage, &mut actors, who).map_err(|what| format!("at the end, {}: {what}", called(who)))?;
    }
    stage.compare_account()
}

fn called(at: usize) -> String {
    ["A", "B", "C", "D", "E"][at].to_owned()
}

/// Those who idle are told at once; the others must not be told of what shifts their numbers.
fn overhear(stage: &mut Stage, actors: &mut [Actor]) -> Result<(), String> {
    for (at, actor) in actors.iter_mut().enumerate() {
        let Actor::Online(client) = actor else { continue };
        client.overhear(&mut stage.network).map_err(|what| format!("{} overhears: {what}", called(at)))?;
        if let (true, Some((key, picture))) = (client.is_idle(), &client.selected) {
            stage.compare(*key, picture).map_err(|what| format!("{} idles: {what}", called(at)))?;
        }
    }
    Ok(())
}

/// At the end everybody asks for everything.
fn finish(stage: &mut Stage, actors: &mut [Actor], who: usize) -> Result<(), String> {
    if let Actor::Offline(..) = actors[who] {
        step(stage, actors, who, &Op::Noop)?;
    }
    let Actor::Online(client) = &mut actors[who] else { return Ok(()) };
    client.done(&mut stage.network)?;
    client.must(&mut stage.network, "NOOP")?;
    let Some(picture) = client.picture() else { return Ok(()) };
    let count = picture.messages.len();
    client.must(&mut stage.network, "UID FETCH 1:* (UID FLAGS MODSEQ)")?;
    let Some((key, picture)) = &client.selected else { return Ok(()) };
    if picture.messages.len() != count || !picture.is_complete() {
        return Err(format!("UID FETCH 1:* after NOOP did not tell all of {count} messages: {picture:?}"));
    }
    stage.compare(*key, picture)
}

fn step(stage: &mut Stage, actors: &mut [Actor], who: usize, op: &Op) -> Result<(), String> {
    if let Actor::Offline(features, cache) = &actors[who] {
        let (features, cache) = (*features, cache.clone());
        let client = come_back(stage, &called(who), features, cache.as_ref())?;
        actors[who] = Actor::Online(Box::new(client));
    }
    let Actor::Online(client) = &mut actors[who] else { return Ok(()) };
    if client.is_idle() && !matches!(op, Op::Drop) {
        client.done(&mut stage.network)?;
    }
    if let Op::Drop = op {
        let cache = cache(stage, client)?;
        let features = client.features();
        let Actor::Online(client) = std::mem::replace(&mut actors[who], Actor::Offline(features, cache)) else {
            return Ok(());
        };
        client.hang_up(&mut stage.network);
        return Ok(());
    }
    act(stage, client, op)
}

/// What a client keeps when it is cut off. One that has not asked for all of it keeps nothing.
fn cache(stage: &Stage, client: &Client) -> Result<Option<Cache>, String> {
    let Some((key, picture)) = &client.selected else { return Ok(None) };
    let Some(name) = stage.naive.name(*key) else { return Ok(None) };
    if client.features() != Features::Qresync || !picture.is_complete() {
        return Ok(None);
    }
    if picture.highest == 0 {
        return Err("a QRESYNC client has never been told HIGHESTMODSEQ".to_owned());
    }
    Ok(Some(Cache {
        name: name.to_owned(),
        uid_validity: picture.uid_validity,
        highest: picture.highest,
        messages: picture.by_uid(),
    }))
}

fn come_back(stage: &mut Stage, name: &str, features: Features, cache: Option<&Cache>) -> Result<Client, String> {
    let mut client = Client::connect(name, features, &mut stage.network)?;
    let Some(cache) = cache else {
        select(stage, &mut client, "INBOX", Opening::Select, None)?;
        return Ok(client);
    };
    select(stage, &mut client, &cache.name, Opening::Select, Some(cache))?;
    let same = client.picture().is_some_and(|picture| picture.uid_validity == cache.uid_validity);
    if let (true, Some((key, picture))) = (same, &client.selected) {
        if !picture.is_complete() {
            return Err("QRESYNC has not told everything".to_owned());
        }
        stage.compare(*key, picture).map_err(|what| format!("after QRESYNC from {cache:?}: {what}"))?;
    }
    Ok(client)
}

fn select(
    stage: &mut Stage,
    client: &mut Client,
    name: &str,
    opening: Opening,
    cache: Option<&Cache>,
) -> Result<(), String> {
    let key = stage.naive.find(name);
    let examine = (opening == Opening::Examine).then_some(());
    let done = client.select(&mut stage.network, (name, key), examine, cache)?;
    expect(&done, DUE[usize::from(key.is_some())])?;
    if let Some((key, picture)) = &client.selected {
        if picture.messages.len() != stage.naive.messages(*key).len() {
            return Err(format!("SELECT tells {} EXISTS", picture.messages.len()));
        }
        stage.validity(*key, picture.uid_validity)?;
    }
    Ok(())
}

fn act(stage: &mut Stage, client: &mut Client, op: &Op) -> Result<(), String> {
    match op {
        Op::Select(at, opening) => return select(stage, client, name(*at), *opening, None),
        Op::Append(at, all) => return append(stage, client, name(*at), all),
        Op::Create(at) => {
            let done = client.command(&mut stage.network, &format!("CREATE {}", name(*at)))?;
            return expect(&done, DUE[usize::from(stage.naive.create(name(*at)))]);
        }
        Op::Delete(at) => {
            let done = client.command(&mut stage.network, &format!("DELETE {}", name(*at)))?;
            return expect(&done, DUE[usize::from(stage.naive.delete(name(*at)))]);
        }
        Op::Rename(from, to) => {
            let done = client.command(&mut stage.network, &format!("RENAME {} {}", name(*from), name(*to)))?;
            return expect(&done, DUE[usize::from(stage.naive.rename(name(*from), name(*to)))]);
        }
        Op::Idle => return client.idle(&mut stage.network),
        Op::Done | Op::Drop => return Ok(()),
        Op::Noop | Op::Check if client.selected.is_none() => return client.must(&mut stage.network, "NOOP"),
        _ => {}
    }
    let Some((key, _)) = client.selected else { return Ok(()) };
    match op {
        Op::Noop | Op::Check => {
            client.must(&mut stage.network, if matches!(op, Op::Noop) { "NOOP" } else { "CHECK" })?;
            let Some((key, picture)) = &client.selected else { return Ok(()) };
            stage.compare(*key, picture)
        }
        Op::Close => {
            client.must(&mut stage.network, "CLOSE")?;
            if !client.read_only {
                stage.naive.expunge(key, None);
            }
            client.selected = None;
            Ok(())
        }
        Op::Unselect => {
            client.must(&mut stage.network, "UNSELECT")?;
            client.selected = None;
            Ok(())
        }
        Op::Expunge => expunge(stage, client, key, None),
        Op::UidExpunge(ranges) => expunge(stage, client, key, Some(ranges)),
        Op::Search(by, key) => search(stage, client, *by, *key),
        Op::FetchVanished => fetch_vanished(stage, client),
        Op::Store(target, mode, bits, echo) => store(stage, client, target, (*mode, *bits, *echo)),
        Op::Fetch(target, asked) => fetch(stage, client, target, *asked),
        Op::Copy(target, at) => transfer(stage, client, target, ("COPY", name(*at))),
        Op::Move(target, at) => transfer(stage, client, target, ("MOVE", name(*at))),
        Op::Replace(target, at) => replace(stage, client, target, name(*at)),
        _ => Ok(()),
    }
}

fn expect(done: &Completed, wanted: Status) -> Result<(), String> {
    if done.status == wanted { Ok(()) } else { Err(format!("{wanted:?} was due, but: {done:?}")) }
}

/// OK if it can be done, else NO.
const DUE: [Status; 2] = [Status::No, Status::Ok];

/// A set as a command names it, and the UIDs that it means to this client. Asks for UIDs that are not known yet.
fn resolve(stage: &mut Stage, client: &mut Client, target: &Target) -> Result<Option<(String, Vec<u32>)>, String> {
    // What one UID FETCH is told of at its end, the next one can ask for.
    for _ in 0..3 {
        if client.picture().is_some_and(|picture| !picture.is_complete()) {
            client.must(&mut stage.network, "UID FETCH 1:* (UID FLAGS)")?;
        }
    }
    let Some((key, picture)) = &client.selected else { return Ok(None) };
    let most = match target.by {
        By::Seq => picture.messages.len(),
        By::Uid => stage.naive.next(*key) as usize,
    };
    if most == 0 {
        return Ok(None);
    }
    let (set, numbers) = named(target, most);
    let uids = match target.by {
        By::Seq => {
            let uid = |n: &usize| picture.messages[n - 1].uid.ok_or(format!("UID FETCH 1:* left out number {n}"));
            numbers.iter().map(uid).collect::<Result<_, _>>()?
        }
        // A UID that the client has not been told of is none to it, nor to its session.
        By::Uid => {
            let there = numbers.iter().filter_map(|n| u32::try_from(*n).ok());
            there.filter(|uid| picture.messages.iter().any(|known| known.uid == Some(*uid))).collect()
        }
    };
    Ok(Some((set, uids)))
}

/// A set as a command names it, and the numbers in it.
fn named(target: &Target, most: usize) -> (String, Vec<usize>) {
    let mut ranges = Vec::new();
    let mut numbers = Vec::new();
    for (from, more) in &target.ranges {
        let from = usize::from(*from) % most + 1;
        let to = (from + usize::from(*more)).min(most);
        ranges.push(if from == to { from.to_string() } else { format!("{to}:{from}") });
        numbers.extend(from..=to);
    }
    numbers.sort_unstable();
    numbers.dedup();
    (ranges.join(","), numbers)
}

fn prefix(target: &Target) -> &'static str {
    if target.by == By::Uid { "UID " } else { "" }
}

fn append(stage: &mut Stage, client: &mut Client, name: &str, all: &[u8]) -> Result<(), String> {
    let mut pieces = vec![format!("APPEND {name}").into_bytes()];
    for bits in all {
        let mail = stage.mail();
        pieces.push(format!(" ({}) {{{}+}}\r\n", flags(*bits).0, mail.len()).into_bytes());
        pieces.push(mail);
    }
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    let done = client.pieces(&mut stage.network, &pieces)?;
    let uids: Option<Vec<u32>> = all.iter().map(|bits| stage.naive.append(name, flags(*bits).1)).collect();
    expect(&done, DUE[usize::from(uids.is_some())])?;
    let (Some(uids), Some(key)) = (uids, stage.naive.find(name)) else { return Ok(()) };
    let code: Vec<&str> = done.code.iter().map(String::as_str).collect();
    let ["APPENDUID", validity, set] = code[..] else { return Err(format!("APPENDUID was due, but: {done:?}")) };
    stage.validity(key, validity.parse().map_err(|_| "no UIDVALIDITY".to_owned())?)?;
    if numbers(set)? == uids { Ok(()) } else { Err(format!("the UIDs are {uids:?}, but: {done:?}")) }
}

fn numbers(set: &str) -> Result<Vec<u32>, String> {
    match testkit::model::read(&mut format!("* VANISHED {set}\r\n").into_bytes())?.pop() {
        Some(Response::Vanished(uids)) => Ok(uids),
        _ => Err(format!("{set:?} is no set")),
    }
}

fn expunge(stage: &mut Stage, client: &mut Client, key: Key, ranges: Option<&Vec<(u8, u8)>>) -> Result<(), String> {
    let target = ranges.map(|ranges| Target { by: By::Uid, ranges: ranges.clone() });
    let only = match &target {
        Some(target) => match resolve(stage, client, target)? {
            Some(only) => Some(only),
            None => return Ok(()),
        },
        None => None,
    };
    let command = only.as_ref().map_or("EXPUNGE".to_owned(), |(set, _)| format!("UID EXPUNGE {set}"));
    let done = client.command(&mut stage.network, &command)?;
    if stage.naive.name(key).is_none() {
        return Ok(());
    }
    expect(&done, DUE[usize::from(!client.read_only)])?;
    if !client.read_only {
        stage.naive.expunge(key, only.as_ref().map(|(_, uids)| uids.as_slice()));
    }
    // EXPUNGE tells what has gone, and UID EXPUNGE may: both are told at once here.
    let Some((key, picture)) = &client.selected else { return Ok(()) };
    stage.compare(*key, picture)
}

fn search(stage: &mut Stage, client: &mut Client, by: By, key: u8) -> Result<(), String> {
    let key = ["ALL", "DELETED", "UNSEEN KEYWORD One"][usize::from(key) % 3];
    let uid = if by == By::Uid { "UID " } else { "" };
    let before = client.picture().map_or(0, |picture| picture.messages.len());
    let done = client.command(&mut stage.network, &format!("{uid}SEARCH {key}"))?;
    expect(&done, Status::Ok)?;
    let Some((mailbox, picture)) = &client.selected else { return Ok(()) };
    let found = done.said.iter().find_map(|said| match said {
        Response::Search(numbers) => Some(numbers.clone()),
        _ => None,
    });
    let Some(found) = found else {
        let extended = client.features() == Features::Rev2;
        return if extended { Ok(()) } else { Err(format!("SEARCH found nothing to say: {done:?}")) };
    };
    let most = match by {
        By::Seq => u32::try_from(before.max(picture.messages.len())).unwrap_or(u32::MAX),
        By::Uid => stage.naive.next(*mailbox) - 1,
    };
    match found.iter().find(|n| **n == 0 || **n > most) {
        None => Ok(()),
        Some(n) => Err(format!("SEARCH finds {n}, where the last is {most}")),
    }
}

fn store(stage: &mut Stage, client: &mut Client, target: &Target, what: (Mode, u8, Echo)) -> Result<(), String> {
    let (mode, bits, echo) = what;
    let one = Target { by: target.by, ranges: vec![(target.ranges[0].0, 0)] };
    let target = if echo == Echo::Conditional { &one } else { target };
    let Some((set, uids)) = resolve(stage, client, target)? else { return Ok(()) };
    let Some((key, picture)) = &client.selected else { return Ok(()) };
    let (key, (words, flags)) = (*key, flags(bits));
    let sign = match mode {
        Mode::Replace => "",
        Mode::Add => "+",
        Mode::Remove => "-",
    };
    let known = picture.messages.iter().find(|known| known.uid == uids.first().copied());
    let since = known.and_then(|known| known.modseq).filter(|_| echo == Echo::Conditional);
    let modifier = since.map(|modseq| format!(" (UNCHANGEDSINCE {modseq})")).unwrap_or_default();
    let silent = if echo == Echo::Told { "" } else { ".SILENT" };
    let command = format!("{}STORE {set}{modifier} {sign}FLAGS{silent} ({words})", prefix(target));
    let is = stage.modseq(key, uids.first().copied());
    let gone = uids.iter().all(|uid| stage.modseq(key, Some(*uid)).is_none());
    let done = client.command(&mut stage.network, &command)?;
    if stage.naive.name(key).is_none() {
        return Ok(());
    }
    // By number there is nothing to tell of messages that have all gone (RFC 2180 §4.2.2).
    let in_vain = gone && target.by == By::Seq && echo == Echo::Told && !uids.is_empty();
    expect(&done, DUE[usize::from(!client.read_only && !in_vain)])?;
    if client.read_only || in_vain {
        return Ok(());
    }
    told_as_promised(client, &done)?;
    let failed = done.code.first().is_some_and(|word| word == "MODIFIED");
    let stale = since.zip(is).is_some_and(|(since, is)| is > since);
    if failed != stale {
        return Err(format!("{command}, where MODSEQ was {is:?}: {done:?}"));
    }
    if failed {
        return Ok(());
    }
    stage.naive.store(key, &uids, mode, &flags);
    if let Some((_, picture)) = &mut client.selected
        && echo != Echo::Told
    {
        for known in picture.messages.iter_mut().filter(|known| known.uid.is_some_and(|uid| uids.contains(&uid))) {
            known.flags = match (mode, &known.flags) {
                (Mode::Replace, _) => Some(flags.clone()),
                (_, Some(old)) => Some(mode.apply(old, &flags)),
                (_, None) => None,
            };
        }
    }
    Ok(())
}

/// A client that knows CONDSTORE is told UID and MODSEQ in each FETCH response that it has not asked for
/// (RFC 7162 §3.2.4).
fn told_as_promised(client: &Client, done: &Completed) -> Result<(), String> {
    if !matches!(client.features(), Features::Condstore | Features::Qresync) {
        return Ok(());
    }
    let bare =
        |said: &&Response| matches!(said, Response::Fetch { uid, modseq, .. } if uid.is_none() || modseq.is_none());
    match done.said.iter().find(bare) {
        None => Ok(()),
        Some(said) => Err(format!("UID or MODSEQ is missing: {said:?}")),
    }
}

fn fetch(stage: &mut Stage, client: &mut Client, target: &Target, asked: Asked) -> Result<(), String> {
    let Some((set, uids)) = resolve(stage, client, target)? else { return Ok(()) };
    let Some((key, picture)) = &client.selected else { return Ok(()) };
    let (key, before) = (*key, picture.messages.len());
    let most = stage.naive.next(key) as usize;
    let items = match asked {
        Asked::Flags => "FLAGS",
        Asked::All => "(UID FLAGS)",
        Asked::ModSeq => "(UID FLAGS MODSEQ)",
        Asked::Body => "(BODY[HEADER.FIELDS (SUBJECT)])",
    };
    let done = client.command(&mut stage.network, &format!("{}FETCH {set} {items}", prefix(target)))?;
    expect(&done, Status::Ok)?;
    if target.by == By::Seq {
        let told = done.said.iter().filter(|said| matches!(said, Response::Fetch { seq, .. } if *seq <= before));
        if told.count() < uids.len() {
            return Err(format!("FETCH {set} left something out: {done:?}"));
        }
    }
    if asked == Asked::Body && !client.read_only {
        // UID FETCH is of what has come by now, whether the client had been told of it or not.
        let meant = match target.by {
            By::Seq => uids,
            By::Uid => named(target, most).1.into_iter().filter_map(|n| u32::try_from(n).ok()).collect(),
        };
        stage.naive.store(key, &meant, Mode::Add, &flags(1).1);
    }
    Ok(())
}

fn fetch_vanished(stage: &mut Stage, client: &mut Client) -> Result<(), String> {
    let highest = client.picture().map_or(0, |picture| picture.highest);
    if client.features() != Features::Qresync || highest == 0 {
        return Ok(());
    }
    client.must(&mut stage.network, &format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {highest} VANISHED)"))
}

fn transfer(stage: &mut Stage, client: &mut Client, target: &Target, (verb, to): (&str, &str)) -> Result<(), String> {
    let Some((set, uids)) = resolve(stage, client, target)? else { return Ok(()) };
    let Some((key, _)) = client.selected else { return Ok(()) };
    let done = client.command(&mut stage.network, &format!("{}{verb} {set} {to}", prefix(target)))?;
    if stage.naive.name(key).is_none() {
        return Ok(());
    }
    if verb == "MOVE" && client.read_only {
        return expect(&done, Status::No);
    }
    let moved = match verb {
        "MOVE" => stage.naive.move_messages(key, &uids, to),
        _ => stage.naive.copy(key, &uids, to),
    };
    let (Some((from, given)), Some(into)) = (moved, stage.naive.find(to)) else { return expect(&done, Status::No) };
    expect(&done, Status::Ok)?;
    let untagged = done.said.iter().find_map(|said| match said {
        Response::Code(words) if words.first().is_some_and(|word| word == "COPYUID") => Some(words.clone()),
        _ => None,
    });
    let code = untagged.unwrap_or_else(|| done.code.clone());
    let code: Vec<&str> = code.iter().map(String::as_str).collect();
    match code[..] {
        ["COPYUID", validity, old, new] => {
            stage.validity(into, validity.parse().map_err(|_| "no UIDVALIDITY".to_owned())?)?;
            if numbers(old)? != from || numbers(new)? != given {
                return Err(format!("{from:?} became {given:?}, but: {done:?}"));
            }
        }
        _ if from.is_empty() => {}
        _ => return Err(format!("COPYUID was due, but: {done:?}")),
    }
    if verb == "MOVE" {
        let Some((key, picture)) = &client.selected else { return Ok(()) };
        stage.compare(*key, picture)?;
    }
    Ok(())
}

fn replace(stage: &mut Stage, client: &mut Client, target: &Target, to: &str) -> Result<(), String> {
    let one = Target { by: target.by, ranges: vec![(target.ranges[0].0, 0)] };
    let Some((set, uids)) = resolve(stage, client, &one)? else { return Ok(()) };
    let Some((key, _)) = client.selected else { return Ok(()) };
    let mail = stage.mail();
    let head = format!("{}REPLACE {set} {to} (\\Draft) {{{}+}}\r\n", prefix(&one), mail.len());
    let done = client.pieces(&mut stage.network, &[head.as_bytes(), &mail])?;
    let there = stage.naive.messages(key).iter().any(|m| uids.contains(&m.uid));
    let can = there && !client.read_only && stage.naive.find(to).is_some() && stage.naive.name(key).is_some();
    expect(&done, DUE[usize::from(can)])?;
    if can {
        stage.naive.append(to, std::iter::once("\\draft".to_owned()).collect());
        stage.naive.remove(key, &uids);
    }
    Ok(())
}

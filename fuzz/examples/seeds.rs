//! Writes the corpora to begin with: what clients say in the transcripts, and the mails there.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let said = testkit::seeds::conversations();
    write(&corpus.join("command"), said.iter().map(|said| [&[1], said.as_slice()].concat()))?;
    write(&corpus.join("session"), said.iter().map(|said| [&[0], said.as_slice()].concat()))?;
    write(&corpus.join("mime"), testkit::seeds::mails().into_iter().map(|mail| [&[6], mail.as_slice()].concat()))?;
    for (name, words) in [("command", testkit::seeds::COMMAND_WORDS), ("mime", testkit::seeds::MAIL_WORDS)] {
        let line = |word: &&[u8]| format!("\"{}\"\n", word.iter().map(|o| format!("\\x{o:02x}")).collect::<String>());
        std::fs::write(corpus.join(format!("{name}.dict")), words.iter().map(line).collect::<String>())?;
    }
    Ok(())
}

fn write(folder: &Path, seeds: impl Iterator<Item = Vec<u8>>) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    seeds.enumerate().try_for_each(|(at, seed)| std::fs::write(folder.join(format!("seed-{at:04}")), seed))
}

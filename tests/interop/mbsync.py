#!/usr/bin/env python3
"""mbsync, both ways: 500 mails, then changes and removals on both sides, then a resync from nothing. No side ever lags.

mbsync knows neither CONDSTORE nor QRESYNC: it compares everything, so whatever the two sides disagree in shows.
"""

import mailbox
import shutil
import subprocess
import tempfile
from pathlib import Path

from lib import IMAPS, PASSWORD, Imap, bodies, flag_set, ident_of, mail, new_account, save_certificate, skip

MAILS = 500
LETTERS = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Deleted": "T", "\\Draft": "D"}


class Sync:
    """A Maildir and mbsync's state of it, kept in a folder of its own."""

    def __init__(self, user: str, folder: Path):
        self.folder = folder
        (folder / "mail").mkdir(parents=True)
        save_certificate(str(folder / "cert.pem"))
        (folder / "mbsyncrc").write_text(
            f"IMAPAccount test\nHost localhost\nPort {IMAPS}\nUser {user}\nPass {PASSWORD}\n"
            f"SSLType IMAPS\nCertificateFile {folder}/cert.pem\n\n"
            "IMAPStore far\nAccount test\n\n"
            f"MaildirStore near\nPath {folder}/mail/\nInbox {folder}/mail/INBOX\nSubFolders Verbatim\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns INBOX Archive\nCreate Both\nExpunge Both\n"
            f"Sync All\nSyncState {folder}/state-\n"
        )

    def run(self) -> None:
        done = subprocess.run(["mbsync", "-q", "-c", self.folder / "mbsyncrc", "all"], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"mbsync: {done.returncode}\n{done.stdout}{done.stderr}"

    def maildir(self, name: str = "INBOX") -> mailbox.Maildir:
        return mailbox.Maildir(self.folder / "mail" / name)

    def picture(self, name: str = "INBOX") -> dict:
        """Message-ID to (flags, octets as they go over the wire) of the local side."""
        found = {}
        for message in self.maildir(name):
            octets = message.as_bytes().replace(b"\n", b"\r\n")
            flags = frozenset(message.get_flags())
            assert ident_of(octets) not in found, f"{ident_of(octets)} is there twice locally"
            found[ident_of(octets)] = (flags, without_tuid(octets))
        return found


def without_tuid(octets: bytes) -> bytes:
    """mbsync marks what it uploads with a header line of its own."""
    return b"".join(line for line in octets.splitlines(keepends=True) if not line.startswith(b"X-TUID: "))


def server_picture(user: str, name: str = "INBOX") -> dict:
    client = Imap(user)
    client.command(f"SELECT {name}")
    flags = {}
    for response in client.command("UID FETCH 1:* (UID FLAGS)"):
        if b" FETCH (" in response:
            uid = int(response.split(b"UID ")[1].split(b" ")[0].rstrip(b")"))
            flags[uid] = frozenset(LETTERS[f] for f in flag_set(response.split(b"FLAGS (")[1].split(b")")[0]) if f in LETTERS)
    found = {}
    for uid, octets in bodies(client).items():
        assert ident_of(octets) not in found, f"{ident_of(octets)} is there twice on the server"
        found[ident_of(octets)] = (flags[uid], without_tuid(octets))
    client.close()
    return found


def same(sync: Sync, user: str, when: str, count: int, name: str = "INBOX") -> dict:
    near, far = sync.picture(name), server_picture(user, name)
    assert near.keys() == far.keys(), f"{when}: only on one side: {sorted(near.keys() ^ far.keys())[:10]}"
    differing = [i for i in near if near[i] != far[i]]
    assert not differing, f"{when}: {differing[0]} differs: {near[differing[0]]} and {far[differing[0]]}"
    assert len(near) == count, f"{when}: {len(near)} mails, not {count}"
    return near


def fill(user: str, sync: Sync) -> None:
    """Half of the mails begin on the server, half in the Maildir."""
    client = Imap(user)
    for n in range(MAILS // 2):
        client.append("INBOX", mail(f"far-{n}", size=500 + 37 * n % 5000), "\\Seen" if n % 3 else "")
    client.close()
    maildir = mailbox.Maildir(sync.folder / "mail" / "INBOX", create=True)
    for n in range(MAILS // 2):
        message = mailbox.MaildirMessage(mail(f"near-{n}", size=500 + 53 * n % 5000).replace(b"\r\n", b"\n"))
        message.set_subdir("cur")
        message.set_flags("FS" if n % 2 else "")
        maildir.add(message)


def change_near(sync: Sync) -> None:
    """10 get a flag, 10 lose one, 20 are removed, 5 are new."""
    maildir = sync.maildir()
    by_ident = {ident_of(m.as_bytes()): (key, m) for key, m in maildir.iteritems()}
    for n in range(20):
        key, message = by_ident[f"far-{n}"]
        message.set_flags("RS" if n < 10 else "")
        maildir[key] = message
    for n in range(20, 30):
        maildir.remove(by_ident[f"far-{n}"][0])
        maildir.remove(by_ident[f"near-{n}"][0])
    for n in range(5):
        maildir.add(mailbox.MaildirMessage(mail(f"near-new-{n}").replace(b"\r\n", b"\n")))


def change_far(user: str) -> None:
    """The same on the server, with other mails."""
    client = Imap(user)
    client.command("SELECT INBOX")
    uids = {ident_of(octets): uid for uid, octets in bodies(client).items()}
    for n in range(100, 110):
        client.command(f"UID STORE {uids[f'near-{n}']} +FLAGS.SILENT (\\Answered)")
        client.command(f"UID STORE {uids[f'near-{n + 10}']} FLAGS.SILENT ()")
    doomed = ",".join(str(uids[f"{side}-{n}"]) for side in ("near", "far") for n in range(120, 130))
    client.command(f"UID STORE {doomed} +FLAGS.SILENT (\\Deleted)")
    client.command(f"UID EXPUNGE {doomed}")
    client.command(f"UID MOVE {uids['far-140']},{uids['near-140']} Archive")
    for n in range(5):
        client.append("INBOX", mail(f"far-new-{n}"))
    client.close()


def main() -> None:
    if not shutil.which("mbsync"):
        skip("mbsync is not installed (package isync)")
    user = new_account("mbsync")
    with tempfile.TemporaryDirectory() as folder:
        sync = Sync(user, Path(folder) / "first")
        fill(user, sync)
        sync.run()
        same(sync, user, "after the first run", MAILS)
        change_near(sync)
        change_far(user)
        sync.run()
        picture = same(sync, user, "after changes on both sides", MAILS - 20 - 20 - 2 + 10)
        same(sync, user, "after a move", 2, "Archive")
        assert picture["far-0"][0] == {"R", "S"} and picture["far-15"][0] == frozenset(), "flags of the near side were lost"
        assert "R" in picture["near-105"][0] and picture["near-115"][0] == frozenset(), "flags of the far side were lost"
        sync.run()
        assert same(sync, user, "after a run with nothing to do", len(picture)) == picture
        # A new device that has nothing yet: everything from the beginning.
        other = Sync(user, Path(folder) / "second")
        other.run()
        assert same(other, user, "on a new device", len(picture)) == picture
    print(f"mbsync: {MAILS} mails, changes and removals on both sides, the same in the end")


main()

#!/usr/bin/env python3
"""Another process writes the account that the server serves: `posthorn import` while imapclient IDLEs.

EXISTS arrives without a command of the client's, flags, keywords, dates and folders come along, and a second run of the
import makes no duplicates. Then export, and a delivery and a flag change between imports: both processes' changes stand.
"""

import mailbox
import tempfile
import time
from pathlib import Path

from imapclient import IMAPClient
from lib import BIN, HOST, IMAPS, PASSWORD, deliver, insecure_tls, mail, new_account, posthorn, skip

MAILS = 25


def maildir(folder: Path, first: int, count: int) -> Path:
    """A Maildir++ with an INBOX and a folder of the same number of mails."""
    for name in ("", ".Kept.Deep"):
        box = mailbox.Maildir(folder / name, create=True)
        for n in range(first, first + count):
            message = mailbox.MaildirMessage(mail(f"import{name}-{n}").replace(b"\r\n", b"\n"))
            message.set_subdir("cur")
            message.set_flags("FS" if n % 2 else "")
            message.set_date(1_700_000_000 + n)
            box.add(message)
    return folder


def exists_within(client: IMAPClient, count: int, seconds: float) -> float:
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        if (count, b"EXISTS") in client.idle_check(timeout=0.25):
            return time.monotonic() - begin
    raise AssertionError(f"no {count} EXISTS within {seconds} s of an import by another process")


def main() -> None:
    if not BIN:
        skip("crossproc.py needs POSTHORN_BIN")
    user = new_account("crossproc")
    client = IMAPClient(HOST, port=IMAPS, ssl_context=insecure_tls())
    client.login(user, PASSWORD)
    client.select_folder("INBOX")
    with tempfile.TemporaryDirectory() as name:
        folder = maildir(Path(name) / "md", 0, MAILS)
        client.idle()
        posthorn("import", "maildir", user, str(folder))
        took = exists_within(client, MAILS, 10)
        client.idle_done()
        print(f"  EXISTS {took * 1000:.0f} ms after the import ended")

        flags = client.fetch(client.search("ALL"), ["FLAGS", "INTERNALDATE", "BODY.PEEK[HEADER]"])
        for item in flags.values():
            n = int(item[b"BODY[HEADER]"].split(b"<import-")[1].split(b"@")[0])
            assert ({b"\\Flagged", b"\\Seen"} <= set(item[b"FLAGS"])) == bool(n % 2), (n, item[b"FLAGS"])
        assert client.folder_status("Kept/Deep", ["MESSAGES"])[b"MESSAGES"] == MAILS

        client.idle()
        posthorn("import", "maildir", user, str(folder))
        assert [r for r in client.idle_check(timeout=2) if r[1:] == (b"EXISTS",)] == [], "the second import added mails"
        client.idle_done()
        assert len(client.search("ALL")) == MAILS and client.folder_status("Kept/Deep", ["MESSAGES"])[b"MESSAGES"] == MAILS

        # Both processes in turn: the server commits on top of what the other one wrote, and the other way round.
        deliver(user, mail("by-lmtp"))
        client.noop()  # a command is about the mailbox as it was told; this one tells
        client.add_flags(client.search("ALL"), [b"$Mark"])
        maildir(folder, MAILS, 5)
        posthorn("import", "maildir", user, str(folder))
        deliver(user, mail("by-lmtp-again"))
        client.noop()
        uids = client.search("ALL")
        assert len(uids) == MAILS + 1 + 5 + 1 and len(set(uids)) == len(uids), uids
        assert len(client.search(["KEYWORD", "$Mark"])) == MAILS + 1

        out = Path(name) / "out"
        posthorn("export", "maildir", user, str(out))
        exported = mailbox.Maildir(out, create=False)
        assert len(exported) == len(uids), f"{len(exported)} mails exported of {len(uids)}"
    client.logout()
    posthorn("check")
    print(f"crossproc: {2 * MAILS} mails imported under an idle client, twice, once there")


main()

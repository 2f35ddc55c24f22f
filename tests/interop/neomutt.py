#!/usr/bin/env python3
"""neomutt at a terminal of its own, fed with keys: over TLS it flags, replies to nobody, files and deletes; the server agrees.

Run twice: with CONDSTORE, QRESYNC and the header cache on, the second run begins with what the first one knew.
"""

import os
import pty
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path

from lib import IMAPS, PASSWORD, Imap, bodies, flag_set, ident_of, mail, new_account, save_certificate, skip


def settings(user: str, folder: Path) -> str:
    return (
        f"set folder=imaps://{user}@localhost:{IMAPS}/\nset spoolfile=+INBOX\nset imap_user={user}\nset imap_pass={PASSWORD}\n"
        f"set certificate_file={folder}/cert.pem\nset ssl_verify_host=yes\n"
        f"set header_cache={folder}/cache\nset message_cachedir={folder}/bodies\nset imap_condstore=yes\nset imap_qresync=yes\n"
        "set imap_check_subscribed=yes\nset imap_idle=yes\nset imap_keepalive=60\n"
        "set sort=mailbox-order\nset delete=yes\nset confirmappend=no\nset move=no\nset quit=yes\nset wait_key=no\nset beep=no\n"
        "set timeout=2\nset mail_check=1\nset mark_old=no\n"
    )


def neomutt(user: str, folder: Path, keys: str) -> str:
    """Runs neomutt with these keys to its end; what stood on its screen, for a failure's sake."""
    (folder / "neomuttrc").write_text(settings(user, folder) + f"push '{keys}'\n")
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", HOME=str(folder), LINES="40", COLUMNS="120", LC_ALL="C.UTF-8")
        os.execvp("neomutt", ["neomutt", "-n", "-F", str(folder / "neomuttrc")])
    screen, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the terminal is gone when its last process is
                piece = b""
            if not piece:
                break
            screen += piece
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    assert status == 0, f"neomutt ended with {status}; its screen:\n{screen[-3000:].decode(errors='replace')}"
    return screen.decode(errors="replace")


def on_server(user: str, name: str) -> dict[str, frozenset[str]]:
    """Message-ID to flags."""
    client = Imap(user)
    client.command(f"SELECT {name}")
    idents = {uid: ident_of(octets) for uid, octets in bodies(client).items()}
    found = {}
    for response in client.command("UID FETCH 1:* (UID FLAGS)"):
        if b" FETCH (" in response:
            uid = int(response.split(b"UID ")[1].split(b" ")[0].rstrip(b")"))
            found[idents[uid]] = flag_set(response.split(b"FLAGS (")[1].split(b")")[0])
    client.close()
    return found


def main() -> None:
    if not shutil.which("neomutt"):
        skip("neomutt is not installed")
    user = new_account("neomutt")
    client = Imap(user)
    for n in range(1, 9):
        client.append("INBOX", mail(f"m{n}"), "$Forwarded" if n == 8 else "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for cache in ("cache", "bodies"):
            (folder / cache).mkdir()
        save_certificate(str(folder / "cert.pem"))
        # Flag 1; delete 2; file 3 into Archive; read 4 and come back; write everything and go.
        screen = neomutt(user, folder, "1<enter><flag-message>2<enter><delete-message>3<enter><save-message>=Archive<enter>"
                         "4<enter><display-message><exit><sync-mailbox><quit>")
        assert "Mail m5" in screen, f"the index was never shown: {screen[-2000:]}"
        inbox = on_server(user, "INBOX")
        assert inbox.keys() == {"m1", "m4", "m5", "m6", "m7", "m8"}, inbox
        assert "\\Flagged" in inbox["m1"] and "\\Seen" in inbox["m4"], inbox
        assert not inbox["m5"] & {"\\Seen", "\\Flagged", "\\Deleted"} and "$Forwarded" in inbox["m8"], inbox
        assert on_server(user, "Archive").keys() == {"m3"}
        # Meanwhile another device changes the mailbox that neomutt has in its cache.
        client.command("SELECT INBOX")
        client.command("STORE 1 -FLAGS (\\Flagged)")
        client.command("STORE 3 +FLAGS (\\Deleted)")
        client.command("EXPUNGE")
        client.append("INBOX", mail("m9"))
        neomutt(user, folder, "<last-entry><flag-message><tag-pattern>Mail.m6<enter><tag-prefix><set-flag>!<sync-mailbox><quit>")
        inbox = on_server(user, "INBOX")
        assert inbox.keys() == {"m1", "m4", "m6", "m7", "m8", "m9"}, inbox
        assert "\\Flagged" not in inbox["m1"] and {"\\Flagged"} <= inbox["m6"] & inbox["m9"], inbox
        assert "$Forwarded" in inbox["m8"], inbox
    client.close()
    print("neomutt: flags, deletes, files and resyncs over TLS")


main()

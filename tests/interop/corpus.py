#!/usr/bin/env python3
"""The whole corpus of real and broken mails: BODY[] is octet for octet what was put in; two parsers understand the rest.

The corpus lies beside the checkout (../shared/corpus, or POSTHORN_CORPUS) and is not ours to publish; the mails of
tests/mails in the repository are tried too, where there are any. differences.py compares two servers on the same mails.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from imapclient import IMAPClient
from lib import BIN, HOST, IMAPS, PASSWORD, Imap, bodies, insecure_tls, new_account, posthorn, skip, split_literal

ROOT = Path(__file__).resolve().parents[2]


def corpus() -> dict[str, bytes]:
    """File name to octets, of every file that is not empty."""
    folder = Path(os.environ.get("POSTHORN_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        print("  no corpus beside the checkout: only the mails of the repository are tried")
    places = [place for place in (folder, ROOT / "tests" / "mails") if place.is_dir()]
    files = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
    mails = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in files}
    return {name: octets for name, octets in mails.items() if octets}


def append_all(client: Imap, mails: dict[str, bytes]) -> list[str]:
    """Appends all that a literal can hold: no NUL (RFC 9051 §4.3). The names of these, in the order of their UIDs."""
    names = [name for name, octets in mails.items() if b"\0" not in octets]
    for name in names:
        client.append("INBOX", mails[name])
    client.command("SELECT INBOX")
    return names


def octet_exact(client: Imap, names: list[str], mails: dict[str, bytes]) -> None:
    got = bodies(client)
    assert len(got) == len(names), f"{len(names)} mails appended, {len(got)} there"
    wrong = [name for name, (_, octets) in zip(names, sorted(got.items())) if octets != mails[name]]
    if not BIN:
        print(f"  (the other server changed {len(wrong)} of {len(names)} mails)")
        return
    assert not wrong, f"{len(wrong)} mails came back changed, the first: {wrong[0]}"


def pieces_exact(client: Imap, names: list[str], mails: dict[str, bytes]) -> None:
    """HEADER and TEXT together are the mail again; a partial is a piece of it; RFC822.SIZE is its length."""
    for number, name in enumerate(names, 1):
        octets, start = mails[name], len(mails[name]) // 3
        header, text, piece = (section(client, number, item) for item in ("BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", f"BODY.PEEK[]<{start}.1000>"))
        assert header + text == octets, f"{name}: HEADER and TEXT are not the mail"
        assert piece == octets[start : start + 1000], f"{name}: BODY[]<{start}> is another piece"
        size = client.command(f"FETCH {number} (RFC822.SIZE)")[0]
        assert b"RFC822.SIZE %d)" % len(octets) in size, f"{name}: {size!r}"


def section(client: Imap, number: int, item: str) -> bytes:
    """The octets of one section: sent as a literal, as a quoted string or as NIL."""
    return section_of(client.command(f"FETCH {number} ({item})")[0])


def section_of(response: bytes) -> bytes:
    if re.match(rb"[^\r]*[\]>] ~?\{\d+\}\r\n", response):
        return split_literal(response)[0]
    quoted = re.search(rb'[\]>] "((?:[^"\\]|\\.)*)"', response, re.S)
    return re.sub(rb"\\(.)", rb"\1", quoted[1]) if quoted else b""


def parsed_by_imapclient(user: str, count: int) -> None:
    with IMAPClient(HOST, port=IMAPS, ssl_context=insecure_tls()) as client:
        client.login(user, PASSWORD)
        client.select_folder("INBOX", readonly=True)
        uids = client.search("ALL")
        assert len(uids) == count
        for uid in uids:
            item = client.fetch([uid], ["ENVELOPE", "BODYSTRUCTURE", "BODY", "RFC822.SIZE"])[uid]
            assert {b"ENVELOPE", b"BODYSTRUCTURE", b"BODY", b"RFC822.SIZE"} <= item.keys(), f"UID {uid}: {item.keys()}"
            for part in leaves(item[b"BODYSTRUCTURE"]):
                assert isinstance(part[0], bytes) and isinstance(part[1], bytes), f"UID {uid}: a part without a type: {part}"
                assert isinstance(part[6], int), f"UID {uid}: a part without a size: {part}"


def leaves(structure) -> list:
    """The parts that are not multipart."""
    return [leaf for child in structure[0] for leaf in leaves(child)] if structure.is_multipart else [structure]


def parsed_by_imapflow(user: str, count: int) -> None:
    if not shutil.which("node"):
        print("  node is not installed: imapflow's parser is left out")
        return
    done = subprocess.run(["node", Path(__file__).parent / "corpus.cjs", user, str(count)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def imported(mails: dict[str, bytes]) -> None:
    """`posthorn import maildir --raw` of the same files: octet for octet, NULs and all, and a second run adds none.

    Without `--raw` a file whose lines all end with bare LFs, as Maildirs have them, comes in with CR LF instead.
    """
    user = new_account("corpus-import")
    with tempfile.TemporaryDirectory() as folder:
        for part in ("cur", "new", "tmp"):
            (Path(folder) / part).mkdir()
        for number, octets in enumerate(mails.values()):
            (Path(folder) / "cur" / f"{1700000000 + number}.{number}.corpus:2,S").write_bytes(octets)
        posthorn("import", "maildir", user, folder, "--raw")
        posthorn("import", "maildir", user, folder, "--raw")
    client = Imap(user)
    client.command("SELECT INBOX")
    got = sorted(bodies(client).values())
    client.close()
    want = sorted(mails.values())
    assert len(got) == len(want), f"{len(want)} files imported twice, {len(got)} mails there"
    wrong = sum(a != b for a, b in zip(got, want))
    assert not wrong, f"{wrong} mails differ from the files they were imported from"
    print(f"  imported twice: {len(got)} mails, each as its file")


def main() -> None:
    mails = corpus()
    if not mails:
        skip("no corpus beside the checkout, no mails in the repository")
    user = new_account("corpus")
    client = Imap(user)
    names = append_all(client, mails)
    octet_exact(client, names, mails)
    if BIN:
        pieces_exact(client, names, mails)
    client.close()
    parsed_by_imapclient(user, len(names))
    parsed_by_imapflow(user, len(names))
    if BIN:
        imported(mails)
    print(f"corpus: {len(names)} mails appended, octet for octet; understood by imapclient and imapflow")


if __name__ == "__main__":
    main()

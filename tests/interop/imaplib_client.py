#!/usr/bin/env python3
"""Python's imaplib: login over TLS and STARTTLS, then every common command; bodies are octet for octet the same."""

import imaplib
import re
import time

from lib import HOST, IMAP, IMAPS, PASSWORD, insecure_tls, mail, new_account

# imaplib turns every line end into CRLF itself; other octets are tried in corpus.py.
MAILS = [
    mail("plain"),
    mail("long", size=300_000),
    b"Subject: no body and no blank line\r\n",
    b"Subject: latin-1 \xe4\xf6\xfc\r\n\r\n\xff\xfe octets above 127 \x01\x7f\r\n",
    b"Subject: no newline at the end\r\n\r\nend",
    b"\r\nno header at all\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.leading\r\n",
    b"Subject: parentheses \"quotes\" {12}\r\n\r\n) {3}\r\nabc\r\n* 1 EXPUNGE\r\n",
]


def ok(answer: tuple) -> list:
    assert answer[0] == "OK", answer
    return answer[1]


def starttls(user: str) -> None:
    client = imaplib.IMAP4(HOST, IMAP)
    assert "STARTTLS" in client.capabilities, client.capabilities
    ok(client.starttls(insecure_tls()))
    assert "STARTTLS" not in client.capabilities, "STARTTLS is still announced under TLS"
    ok(client.login(user, PASSWORD))
    ok(client.select("INBOX"))
    ok(client.unselect())
    client.logout()


def wrong_password(user: str) -> None:
    client = imaplib.IMAP4_SSL(HOST, IMAPS, ssl_context=insecure_tls())
    try:
        client.login(user, PASSWORD + "x")
    except imaplib.IMAP4.error as refusal:
        assert "AUTHENTICATIONFAILED" in str(refusal), refusal
    else:
        raise AssertionError("a wrong password logged in")
    client.logout()


def append_and_fetch(client: imaplib.IMAP4) -> None:
    when = 1_700_000_000
    for message in MAILS:
        data = ok(client.append("INBOX", r"(\Seen $Work)", imaplib.Time2Internaldate(when), message))
        assert b"[APPENDUID " in data[0], data
    assert ok(client.select("INBOX")) == [str(len(MAILS)).encode()]
    for number, message in enumerate(MAILS, 1):
        data = ok(client.fetch(str(number), "(BODY.PEEK[] RFC822.SIZE FLAGS INTERNALDATE)"))
        got, around = data[0][1], b"".join(part if isinstance(part, bytes) else part[0] for part in data)
        assert got == message, f"mail {number}: {got!r} is not {message!r}"
        assert b"RFC822.SIZE %d" % len(message) in around, around
        assert rb"\Seen" in around and b"$Work" in around, around
        assert time.mktime(imaplib.Internaldate2tuple(around)) == when, around
    partial = ok(client.fetch("2", "(BODY.PEEK[]<1000.500>)"))
    assert partial[0][1] == MAILS[1][1000:1500]
    assert b"BODY[]<1000>" in partial[0][0]
    beyond = ok(client.fetch("1", "(BODY.PEEK[]<1000000.500>)"))[0]
    assert beyond[1] == b"" if isinstance(beyond, tuple) else beyond.rstrip(b")").endswith(b' ""'), beyond
    header, text = (ok(client.fetch("1", f"(BODY.PEEK[{part}])"))[0][1] for part in ("HEADER", "TEXT"))
    assert header + text == MAILS[0] and header.endswith(b"\r\n\r\n")


def search_and_store(client: imaplib.IMAP4) -> None:
    assert ok(client.search(None, "ALL")) == [b" ".join(b"%d" % n for n in range(1, len(MAILS) + 1))]
    assert ok(client.search(None, "SUBJECT", '"Mail long"')) == [b"2"]
    assert ok(client.search(None, "KEYWORD", "$Work", "NOT", "SMALLER", "100000")) == [b"2"]
    assert ok(client.search(None, "BODY", '"nowhere to be found"')) == [b""]
    client.literal = "Grüße".encode()
    assert ok(client.search("UTF-8", "BODY")) == [b"1 2"], "a search for text beyond ASCII"
    data = ok(client.store("1:3", "-FLAGS", r"(\Seen)"))
    assert len(data) == 3 and all(b"Seen" not in d for d in data), data
    assert ok(client.search(None, "UNSEEN")) == [b"1 2 3"]
    assert ok(client.store("1", "FLAGS.SILENT", r"(\Flagged)")) == [None]
    flags = imaplib.ParseFlags(ok(client.fetch("1", "(FLAGS)"))[0])
    assert set(flags) - {rb"\Recent"} == {rb"\Flagged"}, flags


def copy_move_expunge(client: imaplib.IMAP4) -> None:
    ok(client.create("Work"))
    assert b"[COPYUID " in ok(client.copy("1:2", "Work"))[0]
    ok(client.uid("MOVE", "2", "Work"))
    assert ok(client.status("Work", "(MESSAGES UIDNEXT)"))[0].endswith(b"(MESSAGES 3 UIDNEXT 4)")
    assert ok(client.uid("SEARCH", "ALL")) == [b" ".join(b"%d" % u for u in (1, *range(3, len(MAILS) + 1)))]
    ok(client.store("1:2", "+FLAGS", r"(\Deleted)"))
    client.response("EXPUNGE")  # forgets what MOVE said
    ok(client.uid("EXPUNGE", "3"))
    assert client.response("EXPUNGE") == ("EXPUNGE", [b"2"])
    assert ok(client.search(None, "DELETED")) == [b"1"], "UID EXPUNGE took more than it was told"
    assert ok(client.expunge()) == [b"1"]
    refused, why = client.copy("1", "Nowhere")
    assert refused == "NO" and b"[TRYCREATE]" in why[0], why
    ok(client.select("Work"))
    whole = [data[1] for data in ok(client.fetch("1:*", "(BODY.PEEK[])")) if isinstance(data, tuple)]
    assert whole == [MAILS[0], MAILS[1], MAILS[1]], "copies differ from their source"
    ok(client.close())
    ok(client.rename("Work", "Työ/Play".encode("utf-7").replace(b"+", b"&").decode()))
    ok(client.delete("Ty&APY-/Play"))
    ok(client.delete("Ty&APY-"))


def main() -> None:
    user = new_account("imaplib")
    starttls(user)
    wrong_password(user)
    client = imaplib.IMAP4_SSL(HOST, IMAPS, ssl_context=insecure_tls())
    ok(client.login(user, PASSWORD))
    names = {re.search(r' "?([^" ]+)"?$', line.decode())[1] for line in ok(client.list())}
    assert names >= {"INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"}, names
    append_and_fetch(client)
    search_and_store(client)
    copy_move_expunge(client)
    client.logout()
    print(f"imaplib: {len(MAILS)} mails through every common command")


main()

#!/usr/bin/env python3
"""Sends through the Postfix that postfix.sh started, and looks whether it arrived: postfix.py SMTP_PORT"""

import smtplib
import sys

import lib
from lib import Imap, bodies, mail, wait_until


def account() -> str:
    """With a domain, as Postfix knows its recipients."""
    name = lib.secrets.token_hex(4)
    address = f"postfix-{name}@example.org"
    if lib.BIN:
        lib.posthorn("user", "add", address, "--password-stdin", stdin=lib.PASSWORD)
    return address


def mailbox(user: str, name: str = "INBOX") -> list[bytes]:
    client = Imap(user)
    client.command(f"SELECT {name}")
    found = [octets for _, octets in sorted(bodies(client).items())]
    client.close()
    return found


def main() -> None:
    one, two = account(), account()
    message = mail("by-postfix", size=50_000) + "Grüße, roh: ".encode() + b"\r\n.\r\n..dots\r\n"
    with smtplib.SMTP(lib.HOST, int(sys.argv[1]), timeout=60) as smtp:
        assert smtp.sendmail("ada@elsewhere.example", [one, two], message, ["BODY=8BITMIME"]) == {}
        local, domain = two.split("@")
        smtp.sendmail("ada@elsewhere.example", [f"{local}+Junk@{domain}"], mail("detail"))
        for n in range(20):
            smtp.sendmail("ada@elsewhere.example", [one], mail(f"one-of-many-{n}"))
        if lib.BIN:
            smtp.ehlo_or_helo_if_needed()
            smtp.mail("ada@elsewhere.example")
            code, why = smtp.rcpt("nobody-of-that-name@example.org")
            assert code == 550, f"an unknown recipient: {code} {why!r}"
    wait_until("all mails delivered", lambda: len(mailbox(one)) == 21, 30)
    assert sum(octets.endswith(message) for octets in mailbox(one)) == 1, "the mail came in changed"
    wait_until("the second recipient's copy", lambda: any(octets.endswith(message) for octets in mailbox(two)), 30)
    idents = sorted(lib.ident_of(octets) for octets in mailbox(one))
    assert idents == sorted(["by-postfix", *(f"one-of-many-{n}" for n in range(20))]), idents
    where = "Junk" if lib.BIN else "INBOX"
    wait_until("user+detail delivered", lambda: any(b"<detail@" in octets for octets in mailbox(two, where)), 30)
    print("postfix: 24 deliveries by LMTP, 8 bits and dots unchanged, an unknown recipient refused")


main()

#!/usr/bin/env python3
"""Makes a mailbox ten times the size of another of user0 by copying all of it ten times.

    tests/bench/million.py PORT MAILBOX MESSAGES

Left alone when it is there already and whole.
"""

import imaplib
import re
import sys


def messages(client: imaplib.IMAP4, mailbox: str) -> int:
    kind, data = client.status(mailbox, "(MESSAGES)")
    return int(re.search(rb"MESSAGES (\d+)", data[0])[1]) if kind == "OK" else -1


def main() -> None:
    port, source, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    target = source + "x10"
    client = imaplib.IMAP4("127.0.0.1", port)
    client.login("user0", "testpass")
    if messages(client, target) == count * 10:
        return
    client.delete(target)
    assert client.create(target)[0] == "OK"
    assert client.select(source, readonly=True)[0] == "OK"
    for _ in range(10):
        kind, data = client.copy("1:*", target)
        assert kind == "OK", data
    assert messages(client, target) == count * 10
    client.logout()


main()

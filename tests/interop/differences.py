#!/usr/bin/env python3
"""Asks two servers the same about every mail of the corpus and lists where their answers differ.

    differences.py OTHER_PORT REPORT

The first server is the one under test (see lib.py), the other listens on OTHER_PORT (tests/bench/dovecot.sh).
docs/dovecot-differences.md explains what this finds. Not part of tests/run: it judges nothing.
"""

import re
import sys
from collections import Counter
from pathlib import Path

from corpus import append_all, corpus, section_of
from imapclient.response_lexer import TokenSource
from imapclient.response_parser import atom
from lib import Imap, Refused, new_account

ITEMS = [
    "ENVELOPE", "BODY", "BODYSTRUCTURE", "RFC822.SIZE",
    "BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "BODY.PEEK[HEADER.FIELDS (SUBJECT FROM CONTENT-TYPE)]",
    "BODY.PEEK[1]", "BODY.PEEK[1.MIME]", "BODY.PEEK[2]", "BODY.PEEK[2.MIME]", "BODY.PEEK[1.1]", "BODY.PEEK[1.HEADER]", "BODY.PEEK[1.TEXT]",
    "BINARY.SIZE[1]", "BINARY.PEEK[1]",
]
ENVELOPE = ["date", "subject", "from", "sender", "reply-to", "to", "cc", "bcc", "in-reply-to", "message-id"]


def value_of(response: bytes, item: str) -> object:
    """The item as nested lists of lower-case octets: the case of types and parameter names means nothing."""
    if "[" in item and "SIZE" not in item:
        return section_of(response)
    pieces, rest = [], re.sub(rb"^\* \d+ FETCH \(", b"", response)
    while found := re.search(rb"\{(\d+)\}\r\n", rest):
        end = found.end() + int(found[1])
        pieces.append((rest[: found.end() - 2], rest[found.end() : end]))
        rest = rest[end:]
    source = TokenSource([*pieces, rest])
    tokens = iter(source)
    next(tokens)
    return normal(atom(source, next(tokens)))


def normal(value: object) -> object:
    if isinstance(value, (tuple, list)):
        return [normal(v) for v in value]
    return value.lower() if isinstance(value, bytes) else value


def answer(client: Imap, number: int, item: str) -> object:
    try:
        told = [r for r in client.command(f"FETCH {number} ({item})") if b" FETCH (" in r[:30]]
        return value_of(told[0], item) if told else "no answer"
    except Refused as refusal:
        return re.sub(r"^t\d+ ", "", str(refusal))[:60]


def line_ends(value: object) -> object:
    """Dovecot shows every line end as CRLF, Posthorn keeps the octets: one known difference, not hundreds."""
    return re.sub(rb"\r*\n", b"\n", value) if isinstance(value, bytes) else value


def kind(item: str, ours: object, other: object) -> str:
    """A word for how two answers differ, to count by."""
    if isinstance(ours, str) or isinstance(other, str):
        return "refused by one"
    if item == "ENVELOPE" and isinstance(ours, list) and isinstance(other, list):
        return "/".join(name for name, a, b in zip(ENVELOPE, ours, other) if a != b)
    if isinstance(ours, bytes) and isinstance(other, bytes):
        if line_ends(ours) == line_ends(other):
            return "line ends only"
        return "empty in one" if not ours or not other else "other octets"
    if shape(ours) == shape(other):
        return "sizes or lines only"
    return "other"


def shape(value: object) -> object:
    """A structure without its numbers, which follow the line ends."""
    if isinstance(value, list):
        return [shape(v) for v in value]
    return "number" if isinstance(value, int) else value


def main() -> None:
    other_port, report = int(sys.argv[1]), Path(sys.argv[2])
    mails = corpus()
    user = new_account("differences")
    ours, other = Imap(user), Imap(user, port=other_port)
    names = append_all(ours, mails)
    append_all(other, mails)
    with open(report, "w") as file:
        for item in ITEMS:
            found = []
            for number, name in enumerate(names, 1):
                mine, theirs = answer(ours, number, item), answer(other, number, item)
                if mine != theirs:
                    found.append((kind(item, mine, theirs), name, mine, theirs))
            counts = Counter(k for k, *_ in found)
            print(f"{item}: {len(found)} of {len(names)} differ" + (f" ({', '.join(f'{k}: {n}' for k, n in counts.most_common())})" if found else ""))
            print(f"## {item}: {len(found)} of {len(names)} differ {dict(counts)}", file=file)
            for k, name, mine, theirs in sorted(found, key=lambda f: f[:2]):
                if k not in ("line ends only", "sizes or lines only"):
                    print(f"{name} [{k}]\n  posthorn {mine!r:.2000}\n  other    {theirs!r:.2000}", file=file)


main()

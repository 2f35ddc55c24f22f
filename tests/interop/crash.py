#!/usr/bin/env python3
"""kill -9 under load, again and again: all that was acknowledged is there, nothing is twice, no flag came back.

    CRASH_ROUNDS=20 crash.py

Two LMTP clients, two that APPEND, one that STOREs flags and one that MOVEs write to two accounts while the server is
killed at a moment that the seed chooses. After each restart everything is looked at, and `posthorn check` must be clean.
"""

import os
import random
import re
import smtplib
import tempfile
import threading
import time
from pathlib import Path

import lib
from lib import Imap, bodies, flag_set, ident_of, mail, new_account, posthorn, skip
from own_server import Server

FLAGGED = 50  # mails in Drafts whose flags change
MOVING = 40  # mails that move between Junk and Trash


class Ledger:
    """What was acknowledged. Each writer has a part of its own, so there is nothing to lock."""

    def __init__(self):
        self.mails: dict[str, str] = {}  # ident to "user mailbox", acknowledged
        self.flags: dict[int, list[frozenset]] = {}  # UID in Drafts to the flag sets that it may have now
        self.moves: dict[str, set[str]] = {}  # ident to the mailboxes in which it may be now


class Crash:
    def __init__(self, server: Server, seed: int):
        self.server, self.random = server, random.Random(seed)
        self.users = [new_account("crash-a"), new_account("crash-b")]
        self.ledger = Ledger()
        self.stopped = threading.Event()
        self.serial = 0
        self.uidnext: dict[str, tuple[int, int, int]] = {}

    def prepare(self) -> None:
        client = Imap(self.users[0])
        for n in range(FLAGGED):
            client.append("Drafts", mail(f"flags-{n}"))
            self.ledger.flags[n + 1] = [frozenset()]
        for n in range(MOVING):
            client.append("Junk", mail(f"moves-{n}"))
            self.ledger.moves[f"moves-{n}"] = {"Junk"}
        client.close()

    def round(self, number: int) -> None:
        self.stopped.clear()
        writers = [lambda w=w: self.deliver(f"r{number}-lmtp{w}") for w in range(2)]
        writers += [lambda w=w: self.append(f"r{number}-append{w}", self.users[w]) for w in range(2)]
        writers += [self.store, self.move]
        threads = [threading.Thread(target=self.until_the_end, args=(writer,), daemon=True) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.1, 0.8))
        self.server.kill()
        self.stopped.set()
        for thread in threads:
            thread.join()
        posthorn("check")
        took = self.server.start()
        assert took < 10, f"start after the kill took {took:.1f} s"
        self.look()
        posthorn("check")

    def until_the_end(self, writer) -> None:
        """Runs a writer until the server is gone: then its connection breaks in any way it likes."""
        try:
            writer()
        except (OSError, lib.Refused, smtplib.SMTPException):
            assert self.stopped.wait(5), "the connection broke while the server was alive"

    def deliver(self, name: str) -> None:
        """LMTP to both accounts at once: two answers, each for its own."""
        with smtplib.LMTP(lib.HOST, lib.LMTP, timeout=30) as lmtp:
            lmtp.ehlo()
            for n in range(100_000):
                ident = f"{name}-{n}"
                lmtp.mail("ada@interop.example")
                for user in self.users:
                    lmtp.rcpt(user)
                code, _ = lmtp.data(mail(ident, size=1000 + n * 997 % 60_000))
                for user in self.users:
                    if user != self.users[0]:
                        code, _ = lmtp.getreply()
                    if code != 250:
                        raise lib.Refused(f"delivery: {code}")
                    self.ledger.mails[f"{ident} {user}"] = "INBOX"

    def append(self, name: str, user: str) -> None:
        client = Imap(user)
        for n in range(100_000):
            ident = f"{name}-{n}"
            client.append("Sent", mail(ident, size=1000 + n * 991 % 60_000), "\\Seen")
            self.ledger.mails[f"{ident} {user}"] = "Sent"

    def store(self) -> None:
        client, chance = Imap(self.users[0]), random.Random(self.random.random())
        client.command("SELECT Drafts")
        while True:
            uid = chance.randint(1, FLAGGED)
            flags = frozenset(f for f in ("\\Seen", "\\Flagged", "$Work") if chance.random() < 0.5)
            self.ledger.flags[uid].append(flags)  # before the answer, either may be true
            client.command(f"UID STORE {uid} FLAGS ({' '.join(flags)})")
            self.ledger.flags[uid] = [flags]

    def move(self) -> None:
        client, chance = Imap(self.users[0]), random.Random(self.random.random())
        while True:
            source, target = chance.choice([("Junk", "Trash"), ("Trash", "Junk")])
            client.command(f"SELECT {source}")
            there = [ident_of(octets) for octets in bodies(client).values()]
            if not there:
                continue
            for ident in there:
                self.ledger.moves[ident] = {source, target}
            client.command(f"MOVE 1:* {target}")
            for ident in there:
                self.ledger.moves[ident] = {target}

    def look(self) -> None:
        """Compares what is there with the ledger."""
        for user in self.users:
            client = Imap(user)
            for mailbox in ("INBOX", "Sent"):
                self.look_for_mails(client, user, mailbox)
            client.close()
        client = Imap(self.users[0])
        self.look_for_flags(client)
        self.look_for_moves(client)
        client.close()

    def look_for_mails(self, client: Imap, user: str, mailbox: str) -> None:
        found: dict[str, int] = {}
        self.counters(client, user, mailbox)
        for uid, octets in bodies(client).items():
            ident = ident_of(octets)
            assert ident not in found, f"{ident} is in {mailbox} of {user} twice: UIDs {found[ident]} and {uid}"
            found[ident] = uid
            name, number = ident.rsplit("-", 1)
            step = 997 if "lmtp" in name else 991
            assert octets.endswith(mail(ident, size=1000 + int(number) * step % 60_000)), f"{ident} has other octets"
        wanted = {key.split(" ")[0] for key, where in self.ledger.mails.items() if where == mailbox and key.endswith(" " + user)}
        lost = sorted(wanted - found.keys())
        assert not lost, f"{len(lost)} acknowledged mails are not in {mailbox} of {user}: {lost[:5]}"

    def counters(self, client: Imap, user: str, mailbox: str) -> None:
        """UIDVALIDITY stays, UIDNEXT and HIGHESTMODSEQ never go back."""
        told = b" ".join(client.command(f"SELECT {mailbox} (CONDSTORE)"))
        now = tuple(int(re.search(rb"%s (\d+)" % word, told)[1]) for word in (b"UIDVALIDITY", b"UIDNEXT", b"HIGHESTMODSEQ"))
        before = self.uidnext.setdefault(f"{user} {mailbox}", now)
        assert now[0] == before[0] and now[1] >= before[1] and now[2] >= before[2], f"{mailbox} of {user}: {before} became {now}"
        self.uidnext[f"{user} {mailbox}"] = now

    def look_for_flags(self, client: Imap) -> None:
        client.command("SELECT Drafts")
        seen = 0
        for response in client.command("UID FETCH 1:* (UID FLAGS)"):
            if uid := re.search(rb"\bUID (\d+)", response):
                flags, may = flag_set(re.search(rb"FLAGS \(([^)]*)\)", response)[1]), self.ledger.flags[int(uid[1])]
                assert flags in may, f"UID {int(uid[1])} has {set(flags)}, acknowledged was {[set(m) for m in may]}"
                self.ledger.flags[int(uid[1])] = [flags]
                seen += 1
        assert seen == FLAGGED, f"{seen} of {FLAGGED} mails are in Drafts"

    def look_for_moves(self, client: Imap) -> None:
        where: dict[str, list[str]] = {ident: [] for ident in self.ledger.moves}
        for mailbox in ("Junk", "Trash"):
            client.command(f"SELECT {mailbox}")
            for octets in bodies(client).values():
                where[ident_of(octets)].append(mailbox)
        for ident, mailboxes in where.items():
            assert len(mailboxes) == 1, f"{ident} was moved and is in {mailboxes}"
            assert mailboxes[0] in self.ledger.moves[ident], f"{ident} is in {mailboxes[0]}, acknowledged was {self.ledger.moves[ident]}"
            self.ledger.moves[ident] = set(mailboxes)


def main() -> None:
    if not lib.BIN:
        skip("crash.py needs POSTHORN_BIN")
    rounds, seed = int(os.environ.get("CRASH_ROUNDS", "20")), int(os.environ.get("CRASH_SEED", time.time()))
    print(f"  seed {seed}")
    failures = []
    threading.excepthook = lambda told: failures.append(told.exc_value)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.start()
        try:
            crash = Crash(server, seed)
            crash.prepare()
            for number in range(rounds):
                crash.round(number)
                assert not failures, failures
            server.stop()
        finally:
            if server.process.poll() is None:
                server.kill()
    print(f"crash: {rounds} kills, {len(crash.ledger.mails)} acknowledged mails all there, once")


main()

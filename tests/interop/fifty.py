#!/usr/bin/env python3
"""Many devices on one account: each keeps its picture of a mailbox by obeying untagged responses; in the end all agree.

    fifty.py [--sessions 2,8,50] [--rounds N] [--commands N] [--seed N]

In each round every session runs random commands at the same time as all others. Then all wait for each other, send
NOOP, and compare their picture with what a new session is told. A session never asks again for what it was told once:
flags that changed and messages that went must have come by themselves. The seed is printed and makes the same commands
(though the server sees them interleaved in another way each time).
"""

import argparse
import random
import re
import sys
import threading
import time

from lib import Imap, Refused, flag_set, mail, new_account

FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Deleted", "$Label1", "work"]
MAILBOXES = ["INBOX", "Archive"]


class Entry:
    """What a session knows of one message; None is what it was not told yet."""

    def __init__(self):
        self.uid: int | None = None
        self.flags: frozenset[str] | None = None


class Device:
    """One session with its picture: a list in the order of sequence numbers."""

    def __init__(self, user: str, seed: str, number: int):
        self.random = random.Random(seed)
        self.number, self.made = number, 0
        self.client = Imap(user)
        self.picture: list[Entry] = []
        self.qresync = self.random.random() < 0.3
        if self.qresync:
            self.client.command("ENABLE QRESYNC")
        self.touched: set[int] = set()
        self.log: list[str] = []
        self.open(self.random.choice(MAILBOXES))

    def open(self, mailbox: str) -> None:
        self.mailbox, self.picture = mailbox, []
        self.run(f"SELECT {mailbox}")
        self.learn()

    def run(self, command: str | bytes) -> None:
        self.log.append(str(command)[:80])
        self.client.command(command, self.obey)

    def obey(self, response: bytes) -> None:
        """The rules by which a client's picture follows the server (RFC 9051 §5.2, §7)."""
        self.log.append("  " + response[:90].decode(errors="replace"))
        if told := re.match(rb"\* (\d+) EXISTS", response):
            count = int(told[1])
            assert count >= len(self.picture), f"EXISTS {count} where {len(self.picture)} messages are"
            self.picture += [Entry() for _ in range(count - len(self.picture))]
        elif told := re.match(rb"\* (\d+) EXPUNGE", response):
            assert not self.qresync, "EXPUNGE after ENABLE QRESYNC (RFC 7162 §3.2.10)"
            assert 1 <= int(told[1]) <= len(self.picture), f"EXPUNGE {int(told[1])} of {len(self.picture)}"
            del self.picture[int(told[1]) - 1]
        elif told := re.match(rb"\* VANISHED (\S+)", response):
            self.vanish(told[1].decode())
        elif told := re.match(rb"\* (\d+) FETCH \(", response):
            assert 1 <= int(told[1]) <= len(self.picture), f"FETCH {int(told[1])} of {len(self.picture)}"
            self.fetched(int(told[1]), response)

    def vanish(self, uids: str) -> None:
        assert self.qresync, "VANISHED without ENABLE QRESYNC"
        gone = set()
        for part in uids.split(","):
            low, _, high = part.partition(":")
            gone |= set(range(int(low), int(high or low) + 1))
        for uid in gone - {e.uid for e in self.picture}:
            self.vanish_unknown(uid)
        self.picture = [e for e in self.picture if e.uid not in gone]

    def vanish_unknown(self, uid: int) -> None:
        """A message that came and went in one breath: EXISTS counted it, and nobody asked for its UID yet."""
        low = max((n for n, e in enumerate(self.picture) if e.uid and e.uid < uid), default=-1)
        high = min((n for n, e in enumerate(self.picture) if e.uid and e.uid > uid), default=len(self.picture))
        assert high - low > 1, f"VANISHED {uid}, which is not in the mailbox"
        del self.picture[low + 1]
        for entry in self.picture[low + 1 : high - 1]:
            entry.flags = None  # whose they are cannot be known now

    def fetched(self, number: int, response: bytes) -> None:
        entry = self.picture[number - 1]
        if uid := re.search(rb"\bUID (\d+)", response):
            assert entry.uid in (None, int(uid[1])), f"message {number} is UID {entry.uid}, not {int(uid[1])}"
            entry.uid = int(uid[1])
        if flags := re.search(rb"FLAGS \(([^)]*)\)", response):
            entry.flags = flag_set(flags[1])
            self.touched.add(id(entry))

    def learn(self) -> None:
        """Asks for what is new, and for nothing else."""
        while any(e.uid is None or e.flags is None for e in self.picture):
            first = next(n for n, e in enumerate(self.picture, 1) if e.uid is None or e.flags is None)
            self.run(f"FETCH {first}:* (UID FLAGS)")

    def step(self) -> None:
        """One random command, then what is new."""
        act = self.random.choice([self.store, self.store, self.store_silent, self.append, self.delete, self.copy, self.move,
                                  self.expunge, self.noop, self.idle, self.search, self.fetch, self.reopen])
        act()
        self.learn()

    def some(self) -> list[int]:
        """A few sequence numbers."""
        if not self.picture:
            return []
        return sorted(self.random.sample(range(1, len(self.picture) + 1), min(len(self.picture), self.random.randint(1, 4))))

    def target(self) -> tuple[str, str] | None:
        """`UID ` or nothing, and the set of some messages."""
        numbers = self.some()
        if not numbers:
            return None
        if self.random.random() < 0.6:
            return "UID ", ",".join(str(self.picture[n - 1].uid) for n in numbers)
        return "", ",".join(map(str, numbers))

    def on_some(self, command: str) -> None:
        """Runs a command on some messages. NO is right where another session expunged some of them (RFC 2180 §4.1)."""
        if target := self.target():
            try:
                self.run(command.format(uid=target[0], set=target[1]))
            except Refused as refusal:
                assert " NO " in str(refusal), refusal

    def store(self) -> None:
        flags = " ".join(self.random.sample(FLAGS, 2))
        self.on_some(f"{{uid}}STORE {{set}} {self.random.choice('+- ').strip()}FLAGS ({flags})")

    def store_silent(self) -> None:
        numbers = self.some()
        entries = [self.picture[n - 1] for n in numbers]
        if not entries:
            return
        flag, adding = self.random.choice(FLAGS), self.random.random() < 0.5
        self.touched.clear()
        uids = ",".join(str(e.uid) for e in entries)
        self.run(f"UID STORE {uids} {'+' if adding else '-'}FLAGS.SILENT ({flag})")
        for entry in entries:
            if id(entry) in self.touched:
                # Another session's change came with it: whether before or after ours, no client can know. It asks.
                entry.flags = None
            elif entry.flags is not None:
                entry.flags = entry.flags | {flag} if adding else entry.flags - {flag}

    def append(self) -> None:
        self.made += 1
        message = mail(f"fifty-{self.number}-{self.made}")
        mailbox, flag = self.random.choice(MAILBOXES), self.random.choice(FLAGS[:3])
        self.run(f"APPEND {mailbox} ({flag}) {{{len(message)}+}}\r\n".encode() + message)

    def delete(self) -> None:
        self.on_some("{uid}STORE {set} +FLAGS (\\Deleted)")

    def copy(self) -> None:
        if len(self.picture) < 60:
            self.on_some(f"{{uid}}COPY {{set}} {self.random.choice(MAILBOXES)}")

    def move(self) -> None:
        other = MAILBOXES[1 - MAILBOXES.index(self.mailbox)]
        self.on_some(f"{{uid}}MOVE {{set}} {other}")

    def expunge(self) -> None:
        if numbers := self.some():
            uids = ",".join(str(self.picture[n - 1].uid) for n in numbers)
            self.run("EXPUNGE" if self.random.random() < 0.5 else f"UID EXPUNGE {uids}")

    def noop(self) -> None:
        self.run(self.random.choice(["NOOP", "CHECK", f"STATUS {MAILBOXES[0]} (MESSAGES)"]))

    def idle(self) -> None:
        tag = self.client.send("IDLE")
        while not (response := self.client.response()).startswith(b"+"):
            self.obey(response)
        time.sleep(self.random.random() / 50)
        # DONE and the next command in one packet, as phones send them (CLIENTS: iOS 18).
        self.log.append("IDLE … DONE, NOOP")
        self.client.count += 1
        after = f"t{self.client.count}"
        self.client.socket.sendall(f"DONE\r\n{after} NOOP\r\n".encode())
        self.client.finish(tag, self.obey)
        self.client.finish(after, self.obey)

    def search(self) -> None:
        self.run(self.random.choice(["UID SEARCH FLAGGED", "SEARCH UNSEEN", "UID SEARCH RETURN (COUNT) ALL"]))

    def fetch(self) -> None:
        self.on_some("{uid}FETCH {set} (UID FLAGS)")

    def reopen(self) -> None:
        if self.random.random() < 0.3:
            if self.random.random() < 0.5:
                self.run("UNSELECT")
            self.open(self.random.choice(MAILBOXES))

    def settle(self) -> None:
        self.run("NOOP")
        self.learn()

    def known(self) -> list[tuple]:
        return [(e.uid, e.flags) for e in self.picture]


def together(devices: list[Device], work) -> None:
    """Runs `work` for all devices at once; the first failure is told with what its session saw last."""
    failures = []

    def guarded(device: Device) -> None:
        try:
            work(device)
        except Exception as error:  # noqa: BLE001: told below
            failures.append((device, error))

    threads = [threading.Thread(target=guarded, args=(d,)) for d in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        device, error = failures[0]
        sys.exit(f"session {device.number} in {device.mailbox}: {error!r}\n" + "\n".join(device.log[-30:]))


def compare(user: str, devices: list[Device]) -> None:
    for mailbox in MAILBOXES:
        fresh = Device(user, "fresh", 0)
        fresh.open(mailbox)
        for device in devices:
            if device.mailbox == mailbox and device.known() != fresh.known():
                mine, theirs = dict(device.known()), dict(fresh.known())
                wrong = {u: (mine.get(u, "absent"), theirs.get(u, "absent")) for u in mine | theirs if mine.get(u) != theirs.get(u)}
                sys.exit(f"session {device.number}'s picture of {mailbox} differs (its own, the server's): {wrong}\n" + "\n".join(device.log[-60:]))
        fresh.client.close()


def play(sessions: int, rounds: int, commands: int, seed: int) -> None:
    user = new_account(f"fifty{sessions}")
    first = Imap(user)
    for n in range(20):
        first.append(MAILBOXES[n % 2], mail(f"start-{n}"))
    first.close()
    devices = [Device(user, f"{seed}-{n}", n) for n in range(1, sessions + 1)]
    for _ in range(rounds):
        together(devices, lambda device: [device.step() for _ in range(commands)])
        together(devices, Device.settle)
        compare(user, devices)
    for device in devices:
        device.client.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sessions", default="2,8,50")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--commands", type=int, default=15)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    a = arguments.parse_args()
    print(f"  seed {a.seed}")
    for sessions in map(int, a.sessions.split(",")):
        play(sessions, a.rounds, a.commands, a.seed)
    print(f"fifty: {a.sessions} sessions on one account agree, {a.rounds} rounds of {a.commands} commands each")


main()

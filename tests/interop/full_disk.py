#!/usr/bin/env python3
"""A disk without room, and one that is mounted for reading only: mail is read, what would add is refused, nothing ends.

    full_disk.py [ext4-1k] [ext4-4k] [btrfs] [xfs] [tmpfs]

Each file system is made in a file of its own, mounted, given a store, and filled until not even a file can be made. That is
done while the server runs; the server is then killed and started again, and stopped and started again, on the full disk.
At last the same disk is mounted for reading only. Needs root and loop devices; what cannot be made or mounted here is left out
with a word. tmpfs needs neither a loop device nor tools, so it is what a container can at least try.
"""

import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lib
from lib import Imap, Refused, mail, posthorn, split_literal
from own_server import Server

MIB = 1 << 20
# How each is made, and how large: the smallest that the tools take without a word, and room for the reserve.
MADE = {
    "ext4-1k": (["mkfs.ext4", "-q", "-F", "-b", "1024"], 96 * MIB),
    "ext4-4k": (["mkfs.ext4", "-q", "-F", "-b", "4096"], 96 * MIB),
    "btrfs": (["mkfs.btrfs", "-q", "-f"], 160 * MIB),
    "xfs": (["mkfs.xfs", "-q", "-f"], 320 * MIB),
    "tmpfs": (None, 64 * MIB),
}
USERS = ["open", "closed", "damp", "later"]
MAILS = 12


class CannotMount(Exception):
    pass


class Mounted:
    """A small file system of a kind."""

    def __init__(self, kind: str, folder: Path):
        self.kind, self.at = kind, folder / "disk"
        self.at.mkdir()
        make, size = MADE[kind]
        what = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs"]
        if make:
            image = folder / "image"
            with open(image, "wb") as file:
                file.truncate(size)
            run([*make, image])
            what = ["-o", "loop", image]
        run(["mount", *what, self.at])

    def fill(self) -> None:
        """Until nothing more fits, not even an empty file."""
        filler = self.at / "filler"
        filler.mkdir(exist_ok=True)
        for size in (MIB, 64 << 10, 4096, 1024, 1):
            try:
                with open(filler / f"{size}", "ab", buffering=0) as file:
                    while file.write(b"x" * size) == size:
                        pass
                    os.fsync(file.fileno())
            except OSError:
                pass
        try:
            for n in range(200_000):
                (filler / f"{'empty' * 40}-{n}").touch()
        except OSError:
            pass

    def empty(self) -> None:
        shutil.rmtree(self.at / "filler")

    def remount(self, how: str) -> None:
        run(["mount", "-o", f"remount,{how}", self.at])

    def unmount(self) -> None:
        run(["umount", self.at])


def run(command: list) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CannotMount(f"{error.filename} is not there") from error
    if done.returncode != 0:
        raise CannotMount((done.stderr or done.stdout).strip().splitlines()[-1])


def refused(client: Imap, act, code: str) -> None:
    try:
        act(client)
    except Refused as answer:
        assert f"NO [{code}]" in str(answer), answer
    else:
        raise AssertionError("it was not refused")


def read_unread(user: str, number: int) -> None:
    """The body of one that is unread, by a FETCH that would set \\Seen if it could."""
    client = Imap(user)
    client.command("SELECT INBOX")
    told = client.command(f"UID FETCH {number} (BODY[])")
    octets, _ = split_literal(told[0])
    assert octets.endswith(mail(f"{user}-{number}")), (user, number, octets[-100:])
    client.command("UID SEARCH BODY brown")
    client.close()


def nothing_is_added(user: str) -> None:
    client = Imap(user)
    refused(client, lambda client: client.append("INBOX", mail("more")), "UNAVAILABLE")
    client.close()
    with smtplib.LMTP(lib.HOST, lib.LMTP) as lmtp:
        try:
            lmtp.sendmail("ada@interop.example", [user], mail("more"))
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            answer = str(error)
            assert "452" in answer and "4.3.1" in answer, answer
        else:
            raise AssertionError("it was delivered")


def until_it_is_taken(user: str, message: bytes) -> None:
    """APPENDs; a disk that had no room is tried again twice a second, and btrfs has to have some for half a minute."""

    def taken() -> bool:
        client = Imap(user)
        try:
            client.append("INBOX", message)
        except Refused as answer:
            assert "UNAVAILABLE" in str(answer), answer
            time.sleep(0.2)
            return False
        finally:
            client.close()
        return True

    lib.wait_until(f"there is room again for {user}", taken, 90)


def look(server: Server, number: int, full: bool) -> None:
    for user in USERS[:-1]:
        read_unread(user, number)
    if full:
        nothing_is_added(USERS[0])
    check()
    assert server.process.poll() is None, server.tail()


def check() -> None:
    told = posthorn("check")
    assert "all is well" in told.stdout, told.stdout


def restart(server: Server, end) -> None:
    end()
    check()
    server.start()


def try_on(disk: Mounted, server: Server) -> None:
    server.start()
    for user in USERS:
        posthorn("user", "add", user, "--password-stdin", stdin=lib.PASSWORD)
        client = Imap(user)
        for n in range(1, MAILS + 1):
            client.append("INBOX", mail(f"{user}-{n}"))
        client.close()
    # All are closed, but for one that is at work.
    server.stop()
    server.start()
    stays = Imap(USERS[0])
    stays.command("SELECT INBOX")
    stays.command("UID FETCH 1 (BODY[])")
    disk.fill()
    stays.command("UID FETCH 2 (BODY[])")
    look(server, 3, full=True)
    restart(server, server.kill)
    look(server, 4, full=True)
    restart(server, server.stop)
    look(server, 5, full=True)
    # With a journal that nobody has written into the file.
    disk.empty()
    until_it_is_taken(USERS[1], mail(f"{USERS[1]}-{MAILS + 1}"))
    server.kill()
    disk.fill()
    server.start()
    read_unread(USERS[1], MAILS + 1)
    look(server, 6, full=True)
    # There is room again, and nobody has to be told.
    disk.empty()
    for user in USERS:
        until_it_is_taken(user, mail("again"))
    server.kill()
    disk.remount("ro")
    server.start()
    look(server, 7, full=False)
    refused(Imap(USERS[0]), lambda client: client.append("INBOX", mail("more")), "UNAVAILABLE")
    server.stop()
    disk.remount("rw")
    server.start()
    until_it_is_taken(USERS[0], mail("at last"))
    server.stop()
    check()


def main() -> None:
    tried, left_out = [], []
    for kind in sys.argv[1:] or MADE:
        with tempfile.TemporaryDirectory() as folder:
            try:
                disk = Mounted(kind, Path(folder))
            except CannotMount as error:
                left_out.append(f"{kind} ({error})")
                continue
            server = Server(Path(folder), disk.at / "data")
            try:
                try_on(disk, server)
                tried.append(kind)
            except BaseException:
                print(f"on {kind}, the server's status is {server.process.poll()}; the end of its log:\n{server.tail()}")
                raise
            finally:
                if server.process and server.process.poll() is None:
                    server.kill()
                disk.unmount()
    told = f"full and read-only disks: {', '.join(tried) or 'none could be mounted here'}"
    print("; left out: ".join([told, ", ".join(left_out)]) if left_out else told)


if __name__ == "__main__":
    main()

"""What the interop scripts share: where the server is, accounts of their own, mails, and a bare IMAP client.

The server under test is named by the environment (tests/run sets it):

    POSTHORN_IMAP, POSTHORN_IMAPS, POSTHORN_LMTP   ports on 127.0.0.1
    POSTHORN_DATA, POSTHORN_BIN                    its data folder and its binary, which makes the accounts

Without POSTHORN_BIN another server is assumed that takes every user with the password "testpass"
(tests/bench/dovecot.sh): the scripts are tried against it, so that they ask for what the RFCs ask, not for what
Posthorn happens to do. What the other server lacks is left out by name.
"""

import os
import re
import secrets
import smtplib
import socket
import ssl
import subprocess
import sys
import time

HOST = "127.0.0.1"
IMAP = int(os.environ.get("POSTHORN_IMAP", "1143"))
IMAPS = int(os.environ.get("POSTHORN_IMAPS", "1993"))
LMTP = int(os.environ.get("POSTHORN_LMTP", "1024"))
DATA = os.environ.get("POSTHORN_DATA")
BIN = os.environ.get("POSTHORN_BIN")
PASSWORD = "testpass"

# By the convention of automake: neither passed nor failed.
SKIPPED = 77


def skip(why: str) -> None:
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def posthorn(*arguments: str, data: str | None = None, stdin: str = "") -> subprocess.CompletedProcess:
    """Runs the binary's command line on the data folder; a failure shows what it said and ends the test."""
    command = [BIN, *arguments, "--data", data or DATA]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def new_account(purpose: str) -> str:
    """An account that no other test uses, with PASSWORD."""
    name = f"{purpose}-{secrets.token_hex(4)}"
    if BIN:
        posthorn("user", "add", name, "--password-stdin", stdin=PASSWORD)
    return name


def insecure_tls() -> ssl.SSLContext:
    """TLS without a check of the certificate: the server made its own, for this test."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def save_certificate(path: str) -> None:
    """Writes the server's certificate to a file, for clients that want to be told whom to trust."""
    with open(path, "w") as file:
        file.write(ssl.get_server_certificate((HOST, IMAPS)))


def mail(ident: str, size: int = 0, subject: str = "") -> bytes:
    """A small mail whose Message-ID is `ident`, padded to about `size` octets."""
    head = (
        f"Message-ID: <{ident}@interop.example>\r\n"
        f"From: Ada Sender <ada@interop.example>\r\nTo: rcpt@interop.example\r\n"
        f"Subject: {subject or 'Mail ' + ident}\r\nDate: Tue, 04 Mar 2025 10:20:30 +0100\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"This is {ident}. Grüße.\r\n"
    ).encode()
    line = b"The quick brown fox jumps over the lazy dog, again and again, until it is enough.\r\n"
    return head + line * max(0, (size - len(head)) // len(line))


def ident_of(text: bytes) -> str:
    """The `ident` of a mail made by `mail`, from its octets or header."""
    return re.search(rb"Message-ID: <([^@>]+)@interop\.example>", text)[1].decode()


def deliver(user: str, message: bytes) -> None:
    with smtplib.LMTP(HOST, LMTP) as lmtp:
        lmtp.sendmail("ada@interop.example", [user], message)


def free_port() -> int:
    with socket.socket() as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


def wait_until(what: str, true, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)


def flag_set(flags: bytes) -> frozenset[str]:
    """A FLAGS list as a set, without \\Recent, which every session sees in its own way (RFC 3501 §2.3.2)."""
    return frozenset(f for f in flags.decode().split() if f != "\\Recent")


class Refused(Exception):
    """NO or BAD, or the end of the connection."""


class Imap:
    """A client that hides nothing: whole responses as octets, literals included, in the order in which they came."""

    def __init__(self, user: str | None = None, port: int | None = None, timeout: float = 60.0):
        self.socket = socket.create_connection((HOST, port or IMAP), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.count = 0
        self.greeting = self.response()
        if user:
            self.command(f"LOGIN {user} {PASSWORD}")

    def response(self) -> bytes:
        """The next response, without its final CRLF."""
        whole = b""
        while True:
            line = self.file.readline()
            if not line.endswith(b"\n"):
                raise Refused("connection closed")
            whole += line
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if not literal:
                return whole.removesuffix(b"\r\n")
            whole += self.file.read(int(literal[1]))

    def send(self, command: str | bytes) -> str:
        """Sends a command under a new tag and returns the tag."""
        self.count += 1
        tag = f"t{self.count}"
        octets = command.encode() if isinstance(command, str) else command
        self.socket.sendall(tag.encode() + b" " + octets + b"\r\n")
        return tag

    def finish(self, tag: str, each=None) -> list[bytes]:
        """Reads to the tagged answer, giving every untagged response to `each` as it comes; the tagged one is last."""
        untagged = []
        while True:
            response = self.response()
            if response.startswith(tag.encode() + b" "):
                if not response.startswith(tag.encode() + b" OK"):
                    raise Refused(response.decode(errors="replace"))
                return [*untagged, response]
            if each:
                each(response)
            untagged.append(response)

    def command(self, command: str | bytes, each=None) -> list[bytes]:
        return self.finish(self.send(command), each)

    def append(self, mailbox: str, message: bytes, flags: str = "", each=None) -> list[bytes]:
        # LITERAL+ (RFC 7888): announced by both servers, and it saves the round trip.
        return self.command(f"APPEND {mailbox} ({flags}) {{{len(message)}+}}\r\n".encode() + message, each)

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def split_literal(response: bytes) -> tuple[bytes, bytes]:
    """The first literal of a response, and what stands around it."""
    found = re.search(rb"\{(\d+)\}\r\n", response)
    end = found.end() + int(found[1])
    return response[found.end() : end], response[: found.start()] + response[end:]


def bodies(client: Imap) -> dict[int, bytes]:
    """Every message of the selected mailbox by UID."""
    found = {}
    for response in client.command("UID FETCH 1:* (UID BODY.PEEK[])"):
        if re.match(rb"\* \d+ FETCH .*BODY\[\]", response):
            octets, around = split_literal(response)
            found[int(re.search(rb"\bUID (\d+)", around)[1])] = octets
    return found

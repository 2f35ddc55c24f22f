"""A Posthorn of a test's own, for the tests that kill it. Started in a session of its own and ended by its pid alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import lib


class Server:
    def __init__(self, folder: Path, data: Path | None = None):
        self.data = data or folder / "data"
        self.data.mkdir()
        self.log = folder / "log"
        self.ports = [lib.free_port() for _ in range(3)]
        self.process: subprocess.Popen | None = None
        # A test that is stopped for taking too long still ends its server.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
        # The clients of lib.py look here.
        lib.DATA, (lib.IMAP, lib.IMAPS, lib.LMTP) = str(self.data), self.ports

    def start(self) -> float:
        """Starts it and waits for its greeting; how long that took, in seconds."""
        imap, imaps, lmtp = (f"127.0.0.1:{port}" for port in self.ports)
        command = [lib.BIN, "serve", "--data", self.data, "--imap", imap, "--imaps", imaps, "--lmtp", lmtp, "--plaintext-login"]
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        lib.wait_until("the server's greeting", self.answers, 30)
        return time.monotonic() - begin

    def answers(self) -> bool:
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.tail()}"
        try:
            with socket.create_connection((lib.HOST, self.ports[0]), timeout=5) as s:
                return s.recv(100).startswith(b"* OK")
        except OSError:
            return False

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM: a clean end is status 0, within ten seconds."""
        if self.process.poll() is None:
            self.process.terminate()
            status = self.process.wait(timeout=10)
            assert status == 0, f"SIGTERM: status {status}\n{self.tail()}"

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

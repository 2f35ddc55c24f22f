#!/usr/bin/env python3
"""What others notice of one account that works as hard as it can.

    tests/bench/fairness.py IMAP-PORT LMTP-PORT [SESSIONS] [SECONDS]

user0 has a mailbox to search (imapbench fill). SESSIONS of its sessions (default 530) search the text of all mails over and
over; meanwhile user1 says NOOP, user2 logs in anew and a mail is delivered to user3, each ten times a second and in turn. Prints
median, 99th percentile and the longest of each, in milliseconds. All passwords are "testpass".
"""
import asyncio
import sys
import time

imap, lmtp = int(sys.argv[1]), int(sys.argv[2])
sessions = int(sys.argv[3]) if len(sys.argv) > 3 else 530
seconds = int(sys.argv[4]) if len(sys.argv) > 4 else 20
times = {"NOOP": [], "login": [], "delivery": []}
failed = dict.fromkeys(times, 0)


class Client:
    """A connection whose answers end with a line that begins with a word."""

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        await self.reader.readline()
        return self

    async def say(self, text, end):
        self.writer.write(text.encode() + b"\r\n")
        while not (line := await self.reader.readline()).startswith(end):
            if not line:
                raise ConnectionError("closed")
        return line

    async def login(self, user):
        answer = await self.say(f"a LOGIN {user} testpass", b"a ")
        if not answer.startswith(b"a OK"):
            raise ConnectionError(answer)
        return self


async def busy(until):
    try:
        client = await (await Client().open(imap)).login("user0")
        await client.say("b SELECT INBOX", b"b ")
        while time.monotonic() < until:
            await client.say('c SEARCH TEXT "nobody wrote this"', b"c ")
    except (OSError, asyncio.IncompleteReadError):
        pass


async def noop(client):
    await client.say("n NOOP", b"n OK")


async def login(_):
    client = await (await Client().open(imap)).login("user2")
    client.writer.close()


async def deliver(client):
    await client.say("MAIL FROM:<>", b"250")
    await client.say("RCPT TO:<user3>", b"250")
    await client.say("DATA", b"354")
    await client.say("Subject: fair\r\n\r\nhello\r\n.", b"250")


async def measured(name, client, act, until):
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            await asyncio.wait_for(act(client), 30)
            times[name].append((time.monotonic() - began) * 1000)
        except (OSError, asyncio.TimeoutError):
            failed[name] += 1
        await asyncio.sleep(max(0, 0.1 - (time.monotonic() - began)))


async def main():
    watcher = await (await Client().open(imap)).login("user1")
    await (await Client().open(imap)).login("user2")
    courier = await Client().open(lmtp)
    await courier.say("LHLO bench", b"250 ")
    until = time.monotonic() + seconds + 3
    crowd = [asyncio.create_task(busy(until)) for _ in range(sessions)]
    await asyncio.sleep(3)
    await asyncio.gather(
        measured("NOOP", watcher, noop, until),
        measured("login", None, login, until),
        measured("delivery", courier, deliver, until),
    )
    for task in crowd:
        task.cancel()
    for name, taken in times.items():
        taken.sort()
        at = lambda share: taken[min(len(taken) - 1, int(len(taken) * share))] if taken else float("nan")
        print(f"{name:9} {len(taken):4} times, {failed[name]} failed: median {at(0.5):8.2f}  p99 {at(0.99):8.2f}  longest {at(1):8.2f} ms")


asyncio.run(main())

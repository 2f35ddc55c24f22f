#!/usr/bin/env node
// npm imapflow: TLS, IDLE, CONDSTORE, QRESYNC, fetch, append, move, search, mailbox lock, special-use.
'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { ImapFlow } = require('imapflow');

const user = process.argv[2];
const host = '127.0.0.1';
const ours = Boolean(process.env.POSTHORN_BIN);

function mail(ident) {
  return `Message-ID: <${ident}@interop.example>\r\nFrom: "Ada, S." <ada@interop.example>\r\nTo: rcpt@interop.example\r\n` +
    `Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= ${ident}\r\nDate: Tue, 04 Mar 2025 10:20:30 +0100\r\nMIME-Version: 1.0\r\n` +
    'Content-Type: multipart/mixed; boundary="b b"\r\n\r\npreamble\r\n--b b\r\nContent-Type: text/plain; charset=utf-8\r\n' +
    `Content-Transfer-Encoding: quoted-printable\r\n\r\nThis is ${ident}. Gr=C3=BC=C3=9Fe.\r\n--b b\r\n` +
    'Content-Type: application/octet-stream; name="=?utf-8?Q?=C3=A4.bin?="\r\nContent-Disposition: attachment; filename="a.bin"\r\n' +
    'Content-Transfer-Encoding: base64\r\n\r\nAAECAwQFBgc=\r\n--b b--\r\n';
}

function client(extra = {}) {
  return new ImapFlow({
    host, port: Number(process.env.POSTHORN_IMAPS), secure: true, auth: { user, pass: 'testpass' },
    tls: { rejectUnauthorized: false }, logger: false, disableCompression: true, ...extra,
  });
}

// The next event of that name that `wanted` takes, or a failure after ten seconds.
function next(emitter, name, wanted = () => true) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} within 10 s`)), 10_000);
    const listen = (event) => {
      if (!wanted(event)) return;
      clearTimeout(timer);
      emitter.off(name, listen);
      resolve(event);
    };
    emitter.on(name, listen);
  });
}

function deliver(recipient, message) {
  return new Promise((resolve, reject) => {
    const lines = ['LHLO client.example', 'MAIL FROM:<ada@interop.example>', `RCPT TO:<${recipient}>`, 'DATA', message + '.', 'QUIT'];
    const socket = net.connect(Number(process.env.POSTHORN_LMTP), host);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('end', resolve);
    socket.on('data', (piece) => {
      text += piece;
      const whole = text.match(/^(\d\d\d-.*\r\n)*(\d)\d\d .*\r\n$/);
      if (!whole) return;
      if (!'23'.includes(whole[2])) reject(new Error(text));
      text = '';
      if (lines.length) socket.write(lines.shift() + '\r\n');
    });
  });
}

async function roles(phone) {
  const found = Object.fromEntries((await phone.list()).filter((m) => m.specialUse).map((m) => [m.specialUse, m.path]));
  for (const role of ['\\Drafts', '\\Sent', '\\Junk', '\\Trash', '\\Archive']) assert.ok(found[role], `no mailbox has ${role}`);
  assert.equal((await phone.status('INBOX', { messages: true, uidNext: true, highestModseq: true })).messages, 0);
}

async function appendAndFetch(phone) {
  const appended = await phone.append('INBOX', mail('first'), ['\\Seen', 'Label'], new Date('2025-03-04T09:20:30Z'));
  assert.equal(appended.uid, 1);
  assert.ok(appended.uidValidity > 0n);
  const lock = await phone.getMailboxLock('INBOX');
  try {
    assert.equal(phone.mailbox.exists, 1);
    const query = { envelope: true, bodyStructure: true, flags: true, internalDate: true, size: true, source: true, headers: ['subject'], threadId: true };
    const one = await phone.fetchOne(1, { ...query, bodyParts: ['2', '1.mime'] });
    assert.equal(one.source.toString(), mail('first'));
    assert.equal(one.size, mail('first').length);
    assert.equal(one.envelope.subject, 'Grüße first');
    assert.deepEqual(one.envelope.from, [{ name: 'Ada, S.', address: 'ada@interop.example' }]);
    assert.equal(one.envelope.messageId, '<first@interop.example>');
    assert.ok(one.flags.has('\\Seen') && one.flags.has('Label'));
    assert.equal(one.internalDate.toISOString(), '2025-03-04T09:20:30.000Z');
    assert.equal(one.bodyStructure.type, 'multipart/mixed');
    assert.equal(one.bodyStructure.childNodes[1].dispositionParameters.filename, 'a.bin');
    assert.equal(one.bodyStructure.childNodes[1].encoding, 'base64');
    assert.equal(one.bodyParts.get('2').toString(), 'AAECAwQFBgc=');
    assert.match(one.headers.toString(), /^Subject: =\?utf-8\?Q\?Gr=C3=BC=C3=9Fe\?= first\r\n\r\n$/);
    if (ours) assert.match(one.emailId, /^[A-Za-z0-9_-]+$/);
    const part = await phone.download('1', '1');
    const pieces = [];
    for await (const piece of part.content) pieces.push(piece);
    assert.equal(Buffer.concat(pieces).toString(), 'This is first. Grüße.');
  } finally {
    lock.release();
  }
}

async function idleAndFlags(phone, laptop) {
  await phone.mailboxOpen('INBOX');
  await laptop.mailboxOpen('INBOX');
  const idling = phone.idle();
  const exists = next(phone, 'exists', (e) => e.count === 2);
  await deliver(user, mail('second'));
  await exists;
  const flags = next(phone, 'flags', (e) => e.seq === 1 && e.flags.has('\\Flagged'));
  await laptop.messageFlagsAdd('1', ['\\Flagged']);
  const told = await flags;
  assert.equal(typeof told.modseq, 'bigint', 'CONDSTORE: a flag change is told with its MODSEQ');
  const gone = next(phone, 'expunge', (e) => e.seq === 1 || e.uid === 1);
  await laptop.messageDelete('1', { uid: true });
  await gone;
  await phone.noop(); // ends IDLE
  await idling;
  assert.equal(phone.mailbox.exists, 1);
}

async function searchAndMove(phone) {
  assert.deepEqual(await phone.search({ header: { 'message-id': '<second@interop.example>' } }, { uid: true }), [2]);
  assert.deepEqual(await phone.search({ body: 'Grüße', unKeyword: 'Label' }, { uid: true }), [2]);
  assert.deepEqual(await phone.search({ or: [{ seen: true }, { larger: 100_000 }] }, { uid: true }), []);
  const moved = await phone.messageMove('2', 'Archive', { uid: true });
  assert.equal(moved.destination, 'Archive');
  assert.equal(moved.uidMap.get(2), 1);
  assert.equal(phone.mailbox.exists, 0);
  await phone.mailboxCreate(['Ärger', 'im Büro']);
  await phone.mailboxRename('Ärger', 'Freude');
  assert.ok((await phone.list()).some((m) => m.path === 'Freude/im Büro'));
  await phone.mailboxDelete('Freude/im Büro');
}

// What changed while a device was away, told at SELECT (RFC 7162 §3.2.5).
async function quickResync(laptop) {
  for (const n of [1, 2, 3, 4, 5]) await laptop.append('Drafts', mail(`draft-${n}`));
  const phone = client({ qresync: true });
  await phone.connect();
  assert.ok(phone.enabled.has('QRESYNC'), 'QRESYNC was not enabled');
  await phone.mailboxOpen('Drafts');
  const known = { changedSince: phone.mailbox.highestModseq, uidValidity: phone.mailbox.uidValidity };
  await phone.mailboxClose();
  await laptop.mailboxOpen('Drafts');
  await laptop.messageDelete('2,4', { uid: true });
  await laptop.messageFlagsAdd('5', ['\\Flagged'], { uid: true });
  const vanished = [];
  const flagged = [];
  phone.on('expunge', (e) => vanished.push(e.uid));
  phone.on('flags', (e) => flagged.push(e.uid));
  await phone.mailboxOpen('Drafts', known);
  assert.deepEqual(vanished.sort(), [2, 4]);
  assert.deepEqual(flagged, [5]);
  const changed = [];
  for await (const m of phone.fetch('1:*', { flags: true, uid: true }, { uid: true, changedSince: known.changedSince })) changed.push(m.uid);
  assert.deepEqual(changed, [5]);
  await phone.logout();
}

async function wrongPassword() {
  const stranger = client({ auth: { user, pass: 'wrong' } });
  await assert.rejects(stranger.connect(), (error) => error.authenticationFailed === true);
}

async function main() {
  const phone = client();
  const laptop = client();
  await phone.connect();
  await laptop.connect();
  for (const capability of ['IDLE', 'CONDSTORE', 'QRESYNC', 'MOVE', 'UIDPLUS', 'SPECIAL-USE', 'ENABLE', 'LIST-EXTENDED', 'ID']) {
    assert.ok(phone.capabilities.has(capability), `${capability} is not announced`);
  }
  await roles(phone);
  await appendAndFetch(phone);
  await idleAndFlags(phone, laptop);
  await searchAndMove(phone);
  await quickResync(laptop);
  await phone.logout();
  await laptop.logout();
  await wrongPassword();
  console.log('imapflow: IDLE, CONDSTORE, QRESYNC, fetch, append, move, search, roles');
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});

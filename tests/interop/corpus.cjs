#!/usr/bin/env node
// imapflow reads ENVELOPE and BODYSTRUCTURE of every mail in INBOX: corpus.cjs ACCOUNT COUNT
'use strict';

const assert = require('node:assert/strict');
const { ImapFlow } = require('imapflow');

async function main(user, count) {
  const client = new ImapFlow({
    host: '127.0.0.1', port: Number(process.env.POSTHORN_IMAPS), secure: true, auth: { user, pass: 'testpass' },
    tls: { rejectUnauthorized: false }, logger: false,
  });
  await client.connect();
  await client.mailboxOpen('INBOX', { readOnly: true });
  let seen = 0;
  const parts = (node) => 1 + (node.childNodes || []).reduce((sum, child) => sum + parts(child), 0);
  for await (const mail of client.fetch('1:*', { uid: true, envelope: true, bodyStructure: true, size: true })) {
    assert.ok(mail.envelope, `UID ${mail.uid}: no envelope`);
    // A type that is no type is text/plain (RFC 2045 §5.2); others may show it as it came.
    if (process.env.POSTHORN_BIN) assert.match(mail.bodyStructure.type, /^[^/]+\/[^/]+$/, `UID ${mail.uid}: ${mail.bodyStructure.type}`);
    assert.ok(parts(mail.bodyStructure) >= 1);
    seen += 1;
  }
  assert.equal(seen, Number(count));
  await client.logout();
}

main(...process.argv.slice(2)).then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});

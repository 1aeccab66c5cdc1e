#!/usr/bin/env node
// A back-end service as anyone might write it: plain amqplib, nothing of the relay but two exchange names.
//
// Publishes every payload of @octokit/webhooks-examples. The n-th goes to user n modulo <users> and to the
// topic of its event, each persistent and confirmed by the broker.
//
//   node e2e/publish-webhooks.mjs amqp://user:password@host:port [users = 50]
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import amqp from 'amqplib';

const [url, users = '50'] = process.argv.slice(2);
if (url === undefined || !/^[1-9]\d*$/.test(users)) {
  console.error('usage: publish-webhooks.mjs <amqp URL> [number of users, default 50]');
  process.exit(2);
}

const connection = await amqp.connect(url);
const channel = await connection.createConfirmChannel();
let published = 0;

for (const { id, name, payload } of webhooks()) {
  const body = Buffer.from(JSON.stringify(payload), 'utf8');
  const options = {
    persistent: true,
    contentType: 'application/json',
    messageId: id,
    headers: { 'x-github-event': name },
  };
  const user = published % Number(users);
  channel.publish('relay.user', `user${user}.topic.reply`, body, options);
  if (!channel.publish('amq.topic', `public.github.${name}`, body, options)) {
    await new Promise((resolve) => channel.once('drain', resolve));
  }
  published += 1;
}

await channel.waitForConfirms();
await connection.close();
process.stdout.write(`${published}\n`);

/** Every example of every GitHub edition in the package: github.com and the Enterprise servers. */
function* webhooks() {
  const folder = dirname(createRequire(import.meta.url).resolve('@octokit/webhooks-examples/package.json'));
  for (const edition of readdirSync(folder, { withFileTypes: true })) {
    if (!edition.isDirectory()) continue;
    const events = JSON.parse(readFileSync(join(folder, edition.name, 'index.json'), 'utf8'));
    for (const { name, examples } of events) {
      for (const [n, payload] of examples.entries())
        yield { id: `${edition.name}/${name}/${n}`, name, payload };
    }
  }
}

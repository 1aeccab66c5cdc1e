// Publishes to one user, as a service would: plain AMQP, nothing of the relay's.
//   node examples/publish.mjs <user> <text>
// The broker is AMQP_URL, or the one that a running `npm start` has written into .run/state.json.
import { readFileSync } from 'node:fs';
import amqp from 'amqplib';

const [user, text] = process.argv.slice(2);
if (!user || !text) {
  console.error('usage: node examples/publish.mjs <user> <text>');
  process.exit(2);
}
const url = process.env.AMQP_URL ?? JSON.parse(readFileSync('.run/state.json', 'utf8')).amqpUrl;

// One word of the routing key: percent-encoded, with the dot and the asterisk too.
const word = encodeURIComponent(user).replaceAll('.', '%2E').replaceAll('*', '%2A');

const connection = await amqp.connect(url);
const channel = await connection.createConfirmChannel();
channel.publish('relay.user', `${word}.topic.reply`, Buffer.from(text), {
  contentType: 'text/plain',
  messageId: crypto.randomUUID(),
  persistent: true,
});
await channel.waitForConfirms();
await connection.close();
console.log(`the broker has confirmed the message for ${user}`);

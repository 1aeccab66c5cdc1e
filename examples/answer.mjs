// Answers what clients ask with "destination:/app/time.now" and a reply-to of theirs: plain AMQP, nothing of the relay's.
//   node examples/answer.mjs
// The broker is AMQP_URL, or the one that a running `npm start` has written into .run/state.json. Ends with Ctrl-C.
import { readFileSync } from 'node:fs';
import amqp from 'amqplib';

const url = process.env.AMQP_URL ?? JSON.parse(readFileSync('.run/state.json', 'utf8')).amqpUrl;
const connection = await amqp.connect(url);
const channel = await connection.createChannel();
const { queue } = await channel.assertQueue('example.time', { durable: true, expires: 60_000 });
await channel.bindQueue(queue, 'relay.app', 'time.now');
await channel.prefetch(20);
await channel.consume(queue, (message) => {
  if (!message) return;
  const { replyTo = '', correlationId, headers } = message.properties;
  const answer = `${new Date().toISOString()}, ${headers?.['relay-user']}`;
  const [, exchange, key] = /^\/exchange\/([^/]+)\/([^/]+)$/.exec(replyTo) ?? [];
  // A user who is gone has no use for the time later. Other kinds of reply-to: see relay/PROTOCOL.md, Replies.
  if (exchange)
    channel.publish(exchange, key, Buffer.from(answer), {
      correlationId,
      headers: { 'relay-unread': 'drop' },
    });
  channel.ack(message);
});
console.log('answers at /app/time.now');
process.once('SIGINT', () => connection.close());
process.once('SIGTERM', () => connection.close());

import type { Scenario } from '../scenario.js';

const frame = (destination: string, body: string) => `SEND\ndestination:${destination}\n\n${body}\0`;

const several: Scenario = {
  name: 'several frames in one WebSocket message',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('several')}`;
    const client = await connect('client');
    await client.subscribed(topic, { id: 't' });
    client.write([1, 2, 3].map((index) => frame(topic, `${index}`)).join('\n'));
    client.write(`\n\n${frame(topic, '4')}\n`);
    await client.received(4, 't');
  },
};

const split: Scenario = {
  name: 'one frame in several WebSocket messages, text and binary',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('split')}`;
    const client = await connect('client');
    await client.subscribed(topic, { id: 't' });
    const bytes = Buffer.from(frame(topic, 'Grüße in pieces'));
    for (let at = 0; at < bytes.length; at += 7) client.write(new Uint8Array(bytes.subarray(at, at + 7)));
    const text = frame(topic, 'text in pieces');
    for (let at = 0; at < text.length; at += 5) client.write(text.slice(at, at + 5));
    await client.received(2, 't');
  },
};

const carriageReturns: Scenario = {
  name: 'lines that end in CR LF',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('crlf')}`;
    const client = await connect('client');
    await client.subscribed(topic, { id: 't' });
    client.write(`SEND\r\ndestination:${topic}\r\ncustom:value\r\n\r\nbody\0`);
    await client.received(1, 't');
  },
};

const repeated: Scenario = {
  name: 'of repeated headers the first counts',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('repeated')}`;
    const client = await connect('client');
    await client.subscribed(topic, { id: 't' });
    client.write(`SEND\ndestination:${topic}\ndestination:/topic/other\ncustom:1\ncustom:2\n\nbody\0`);
    await client.received(1, 't');
  },
};

export const wire = [several, split, carriageReturns, repeated];

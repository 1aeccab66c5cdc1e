import type { Scenario, ScenarioContext } from '../scenario.js';

const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);

/** STOMP's frame limit counts the headers too, so the body stays below 1 MiB. */
const nearlyOneMebibyte = 1024 * 1024 - 4096;

function bodies(): Uint8Array[] {
  const large = new Uint8Array(nearlyOneMebibyte);
  for (let index = 0; index < large.length; index++) large[index] = (index * 31 + (index >> 8)) % 256;
  return [
    everyByte,
    new Uint8Array(0),
    Uint8Array.of(0),
    Uint8Array.of(0, 0, 0, 10, 0),
    Uint8Array.of(0xff, 0xfe, 0xc3, 0x28, 0x80),
    new TextEncoder().encode('plain text, Grüße 😀'),
    new TextEncoder().encode('SEND\ndestination:/topic/x\n\nnot a frame\0'),
    large,
  ];
}

async function roundTrip({ connect }: ScenarioContext, destination: string): Promise<void> {
  const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
  await client.subscribed(destination, { id: 'b' });
  const all = bodies();
  for (const body of all) sender.send(destination, body, { 'content-type': 'application/octet-stream' });
  const received = await client.received(all.length, 'b');
  all.forEach((body, index) => {
    if (!received[index]?.body.equals(body)) throw new Error(`body ${index} was changed`);
  });
}

const topic: Scenario = {
  name: 'binary bodies through a topic, byte for byte, up to nearly 1 MiB',
  run: (context) => roundTrip(context, `/topic/${context.unique('binary')}`),
};

const queue: Scenario = {
  name: 'binary bodies through a queue, byte for byte, up to nearly 1 MiB',
  run: (context) => roundTrip(context, `/queue/${context.unique('binary')}`),
};

const text: Scenario = {
  name: 'text bodies, with and without content-length',
  async run({ connect, unique }) {
    const destination = `/topic/${unique('text')}`;
    const client = await connect('client');
    await client.subscribed(destination, { id: 't' });
    client.send(destination, 'Grüße, 价格, 😀');
    client.transmit('SEND', { destination }, 'no content-length');
    client.transmit('SEND', { destination, 'content-length': '4' }, 'four');
    client.send(destination, '');
    client.send(destination, 'line\r\nline\n\n');
    await client.received(5, 't');
  },
};

const amqp: Scenario = {
  name: 'bodies from a STOMP client reach an AMQP consumer byte for byte',
  async run({ connect, unique, take }) {
    const name = unique('to-service');
    const client = await connect('client');
    client.send(`/queue/${name}`, everyByte);
    client.send(`/queue/${name}`, '');
    await take('every byte', name);
    await take('empty', name);
  },
};

export const bodiesOfMessages = [topic, queue, text, amqp];

import type { Scenario } from '../scenario.js';

const requestReply: Scenario = {
  name: 'request and reply between two clients over a temp-queue',
  async run({ connect, unique }) {
    const name = unique('requests');
    const [requester, responder] = await Promise.all([connect('requester'), connect('responder')]);
    await responder.subscribed(`/queue/${name}`, { id: 'requests' });
    for (const body of ['one', 'two']) {
      requester.send(`/queue/${name}`, body, { 'reply-to': '/temp-queue/answers', 'correlation-id': body });
    }
    for (const request of await responder.received(2, 'requests')) {
      const { 'reply-to': replyTo = '', 'correlation-id': id = '' } = request.headers;
      responder.send(replyTo, `answer to ${request.body.toString()}`, { 'correlation-id': id });
    }
    await requester.received(2, '/temp-queue/answers');
  },
};

const twoTempQueues: Scenario = {
  name: 'two temp-queues of one client, and the same name at another client',
  async run({ connect, unique }) {
    const name = unique('requests');
    const [anna, ben, responder] = await Promise.all([connect('anna'), connect('ben'), connect('responder')]);
    await responder.subscribed(`/queue/${name}`, { id: 'requests' });
    anna.send(`/queue/${name}`, 'anna x', { 'reply-to': '/temp-queue/x' });
    await responder.received(1, 'requests');
    anna.send(`/queue/${name}`, 'anna y', { 'reply-to': '/temp-queue/y' });
    await responder.received(2, 'requests');
    ben.send(`/queue/${name}`, 'ben x', { 'reply-to': '/temp-queue/x' });
    for (const request of await responder.received(3, 'requests')) {
      responder.send(request.headers['reply-to'] ?? '', `for ${request.body.toString()}`);
    }
    await Promise.all([
      anna.received(1, '/temp-queue/x'),
      anna.received(1, '/temp-queue/y'),
      ben.received(1, '/temp-queue/x'),
    ]);
  },
};

const service: Scenario = {
  name: 'a service answers over AMQP what a client asked with a temp-queue',
  async run({ connect, unique, take, amqp }) {
    const name = unique('rpc');
    const client = await connect('client');
    client.send(`/queue/${name}`, 'ping', { 'reply-to': '/temp-queue/rpc', 'correlation-id': '42' });
    const request = await take('request', name);
    amqp.sendToQueue(String(request.properties.replyTo), Buffer.from('pong'), {
      correlationId: String(request.properties.correlationId),
      contentType: 'text/plain',
    });
    await client.received(1, '/temp-queue/rpc');
  },
};

const topic: Scenario = {
  name: 'a request on a topic is answered over a temp-queue',
  async run({ connect, unique }) {
    const destination = `/topic/${unique('ask')}`;
    const [requester, responder] = await Promise.all([connect('requester'), connect('responder')]);
    await responder.subscribed(destination, { id: 'ask' });
    requester.send(destination, 'who is there?', { 'reply-to': '/temp-queue/t' });
    const request = await responder.message(0, 'ask');
    responder.send(request.headers['reply-to'] ?? '', 'me');
    await requester.received(1, '/temp-queue/t');
  },
};

const otherReplyTo: Scenario = {
  name: 'a reply-to that names a topic or a queue stays as it is',
  async run({ connect, unique }) {
    const [name, answers] = [unique('requests'), unique('answers')];
    const client = await connect('client');
    await client.subscribed(`/queue/${name}`, { id: 'r' });
    await client.subscribed(`/topic/${answers}`, { id: 'a' });
    client.send(`/queue/${name}`, 'x', { 'reply-to': `/topic/${answers}` });
    const request = await client.message(0, 'r');
    client.send(request.headers['reply-to'] ?? '', 'y', { 'reply-to': '/queue/somewhere' });
    await client.received(1, 'a');
  },
};

export const replies = [requestReply, twoTempQueues, service, topic, otherReplyTo];

import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.js';
import { openRelay, type Relay } from '../../src/relay.js';
import { broker } from '../support/broker.js';
import { nativeEndpoint, relayEndpoint } from './endpoints.js';
import { normalise } from './normalise.js';
import { run } from './run.js';
import type { Endpoint } from './scenario.js';
import { scenarios } from './scenarios/index.js';

let relay: Relay;
let connection: ChannelModel;
let native: Endpoint;
let relayed: Endpoint;

beforeAll(async () => {
  const { amqpUrl, webStompUrl, managementUrl, clientUsername, clientPassword, vhost } = broker();
  const secret = randomBytes(32).toString('hex');
  relay = await openRelay(
    readConfig({
      RELAY_PORT: '0',
      RELAY_LOG_LEVEL: 'fatal',
      RELAY_JWT_SECRET: secret,
      RELAY_ACCESS_FILE: fileURLToPath(new URL('access.yaml', import.meta.url)),
      RABBITMQ_URL: amqpUrl,
      RABBITMQ_WEB_STOMP_URL: webStompUrl,
      RABBITMQ_MANAGEMENT_URL: managementUrl,
      RABBITMQ_CLIENT_USERNAME: clientUsername,
      RABBITMQ_CLIENT_PASSWORD: clientPassword,
    }),
  );
  connection = await connect(amqpUrl);
  native = nativeEndpoint(webStompUrl, vhost);
  relayed = relayEndpoint(relay.url, secret, 'parity');
});

afterAll(async () => {
  await connection?.close();
  await relay?.close();
});

for (const [group, list] of Object.entries(scenarios)) {
  describe(`through the relay as with RabbitMQ itself: ${group}`, () => {
    it.each(list)('$name', async (scenario) => {
      const expected = normalise(await run(scenario, native, connection));
      const actual = normalise(await run(scenario, relayed, connection));
      expect(actual).toEqual(expected);
    });
  });
}

describe('where the relay is stricter than RabbitMQ on purpose', () => {
  it.each(['/topic/per%cent', '/topic/a%2Fb', '/exchange/amq.topic/user%40host'])(
    'a percent sign, which RabbitMQ reads as an escape only sometimes, is refused: %j',
    async (destination) => {
      const [there, here] = await Promise.all([native.connect({}), relayed.connect({})]);
      there.send(destination, 'x', { receipt: 'taken' });
      await there.receipt('taken');
      here.send(destination, 'x', { receipt: 'taken' });
      const error = await here.refused();
      expect(error.headers['receipt-id']).toBe('taken');
      await here.over();
      await there.disconnect();
    },
  );
});

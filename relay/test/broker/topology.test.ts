import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { revocationQueue, sharedBindings, sharedExchanges, sharedQueues } from '../../src/broker/topology.js';

interface Definitions {
  exchanges: { name: string; type: string; arguments: object }[];
  queues: { name: string; arguments: object }[];
  bindings: { source: string; destination_type: string; destination: string; routing_key: string }[];
}

const file = new URL('../../../rabbitmq/definitions.json', import.meta.url);
const given = JSON.parse(readFileSync(file, 'utf8')) as Definitions;
const sorted = (list: readonly object[]) => list.map((one) => JSON.stringify(one)).sort();

it('says of every object what definitions.json says', () => {
  expect(sorted(sharedExchanges)).toEqual(
    sorted(given.exchanges.map(({ name, type, arguments: args }) => ({ name, type, arguments: args }))),
  );
  expect(sorted([...sharedQueues, revocationQueue])).toEqual(
    sorted(given.queues.map(({ name, arguments: args }) => ({ name, arguments: args }))),
  );
  expect(sorted(sharedBindings)).toEqual(
    sorted(
      given.bindings.map(({ source, destination_type: to, destination, routing_key: key }) => ({
        ...{ source, to, destination, key },
      })),
    ),
  );
});

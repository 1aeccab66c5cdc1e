import type { SharedNode } from './broker-setup.js';

/** The broker as one test file has it. The path of `amqpUrl` names the virtual host. */
export interface TestBroker extends SharedNode {
  /** For the `host` header of a STOMP connection, and for paths of the management API. */
  vhost: string;
}

let current: TestBroker | undefined;

/**
 * The broker of this test file: a virtual host that no other file uses, with everything that relays share declared
 * and the permissions of definitions.json.
 */
export function broker(): TestBroker {
  if (!current) throw new Error('only integration tests have a broker: name the file *.integration.test.ts');
  return current;
}

export function provideBroker(provided: TestBroker): void {
  current = provided;
}

import { openPublisher, type PublishError, type PublisherState } from '../../publisher/index.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { waitFor } from '../support/wait.js';
import type { World } from '../support/world.js';

/** What a service publishes with, by way of a network that fails when it is told to. */
export async function behindProxy(world: World, options: Partial<Parameters<typeof openPublisher>[0]> = {}) {
  const proxy = await world.keep(CuttingProxy.open(broker().amqpUrl));
  const retry = { first: 20, most: 200 };
  const publisher = await world.keep(openPublisher({ url: proxy.url, retry, ...options }));
  return { proxy, publisher };
}

/** What a call was rejected with. */
export async function rejected(call: Promise<unknown>): Promise<PublishError> {
  return call.then(
    () => {
      throw new Error('it was not rejected');
    },
    (error: PublishError) => error,
  );
}

export function reached(publisher: { state: { value: PublisherState } }, status: PublisherState['status']) {
  return waitFor(() => publisher.state.value.status === status, {
    what: () => `the state ${status}; it is ${JSON.stringify(publisher.state.value)}`,
  });
}

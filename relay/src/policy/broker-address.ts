import type { Destination } from '../destination.js';
import { isShown } from '../own-destinations.js';

/**
 * What a destination is at the broker: an exchange and a routing key (or, for SUBSCRIBE, a binding key), or a queue,
 * which the default exchange `''` reaches by its name.
 */
export type BrokerAddress =
  | { readonly exchange: string; readonly routingKey: string }
  | { readonly queue: string };

/** Undefined for what the relay itself serves. */
export function brokerAddress(destination: Destination): BrokerAddress | undefined {
  switch (destination.kind) {
    case 'user':
      if (isShown(destination.rest)) return undefined;
      return { exchange: 'relay.user', routingKey: destination.key };
    case 'app':
      return { exchange: 'relay.app', routingKey: destination.key };
    case 'topic':
      return { exchange: 'amq.topic', routingKey: destination.key };
    case 'exchange':
      return { exchange: destination.exchange, routingKey: destination.key };
    default:
      return { queue: destination.name };
  }
}

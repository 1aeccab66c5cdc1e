/** Where RabbitMQ's STOMP plugin takes a destination to. */
export type Address =
  | { exchange: string; key: string }
  /** Over the default exchange, which routes to the queue of that name. */
  | { queue: string }
  /** A temporary queue of the connection; the name is a label. */
  | { temporary: string };

/**
 * RabbitMQ's reading of a destination, as its STOMP plugin does it (3.10 to 4.x): segments are split at "/" and then
 * `%2F` in each becomes "/"; nothing else is unescaped. Undefined for what the plugin refuses, and for what it
 * does not expect and crashes on in `reply-to`.
 */
export function readByRabbitmq(destination: string): Address | undefined {
  const parts = destination.split('/');
  if (parts.length === 1) return { queue: slashes(destination) };
  const [first, type, ...rest] = parts;
  if (first !== '') return undefined;
  const [name = '', key] = rest;
  switch (type) {
    case 'exchange':
      if (name === '' || rest.length > 2) return undefined;
      return { exchange: slashes(name), key: slashes(key ?? '') };
    case 'topic':
      return rest.length === 1 && name !== '' ? { exchange: 'amq.topic', key: slashes(name) } : undefined;
    case 'queue':
      return rest.length === 1 && name !== '' ? { queue: slashes(name) } : undefined;
    case 'temp-queue':
      return rest.length === 1 && name !== '' ? { temporary: slashes(name) } : undefined;
    case 'amq':
      return name === 'queue' && rest.length === 2 && key ? { queue: slashes(key) } : undefined;
    case 'reply-queue':
      return rest.length > 0 ? { queue: destination.slice('/reply-queue/'.length) } : undefined;
    default:
      return undefined;
  }
}

function slashes(text: string): string {
  return text.replaceAll('%2F', '/');
}

import { randomBytes } from 'node:crypto';

/** A virtual host that nobody else uses, on a broker that others use too. */
export interface VirtualHost {
  /** The `amqpUrl` that was given, with this virtual host. */
  readonly amqpUrl: string;
  remove(): Promise<void>;
}

interface Permission {
  readonly user: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/**
 * Makes a virtual host where everybody has the permissions that they have in the one of `amqpUrl`. The relay declares
 * the rest.
 * @param managementUrl with the credentials of an administrator
 * @throws Error with the broker's answer when it refuses
 */
export async function makeVirtualHost(amqpUrl: string, managementUrl: string): Promise<VirtualHost> {
  const { pathname } = new URL(amqpUrl);
  const given = pathname.length > 1 ? pathname.slice(1) : '%2F';
  const name = `playwright-${randomBytes(6).toString('hex')}`;
  const permissions = (await manage(managementUrl, 'GET', `vhosts/${given}/permissions`)) as Permission[];
  await manage(managementUrl, 'PUT', `vhosts/${name}`, {});
  const remove = async () => void (await manage(managementUrl, 'DELETE', `vhosts/${name}`));
  try {
    for (const { user, configure, write, read } of permissions) {
      const path = `permissions/${name}/${encodeURIComponent(user)}`;
      await manage(managementUrl, 'PUT', path, { configure, write, read });
    }
  } catch (error) {
    await remove();
    throw error;
  }
  const url = new URL(amqpUrl);
  url.pathname = `/${name}`;
  return { amqpUrl: url.href, remove };
}

async function manage(managementUrl: string, method: string, path: string, body?: object): Promise<unknown> {
  const url = new URL(managementUrl);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  const response = await fetch(new URL(`/api/${path}`, url), {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`The broker answered ${method} /api/${path} with ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

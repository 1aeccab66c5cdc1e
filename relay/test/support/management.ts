/**
 * Asks the management API of a broker.
 * @param managementUrl carries the credentials of an administrator.
 * @param path below `/api/`, with every part percent-encoded.
 * @returns the JSON of the answer; undefined when it is empty.
 * @throws Error with the status and the answer when it is not 2xx.
 */
export async function manage<T>(
  { managementUrl }: { managementUrl: string },
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<T> {
  const { host, username, password } = new URL(managementUrl);
  const response = await fetch(`http://${host}/api/${path}`, {
    method,
    headers: {
      authorization: `Basic ${btoa(`${username}:${password}`)}`,
      'content-type': 'application/json',
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered by ${response.status}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

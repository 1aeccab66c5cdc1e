import { HttpError } from './errors.js';

/** Parameters in which RabbitMQ or the relay take credentials; the relay's own go along in a header. */
const CREDENTIALS = ['auth', 'token', 'access_token', 'ticket'];

/**
 * What to ask the management for.
 * @param url path and query after `/broker`
 * @param base the path of RABBITMQ_MANAGEMENT_URL
 * @throws HttpError 400 for a path that could lead out of `base`, where something else may be that trusts our credentials
 */
export function managementPath(url: string, base: string): string {
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  if (!path.startsWith('/') || path.includes('//') || path.includes('\\') || leadsOut(path)) {
    throw new HttpError(
      400,
      'ERR_BAD_REQUEST',
      'the path has "//", "\\", a "." or ".." for a part, or a broken "%"',
    );
  }
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  for (const name of CREDENTIALS) query.delete(name);
  const rest = query.size === 0 ? '' : `?${query}`;
  return base.replace(/\/+$/, '') + path + rest;
}

/** Where a redirect of the management's leads; undefined for elsewhere. */
export function redirectPath(location: string, target: URL, base: string): string | undefined {
  const prefix = base.replace(/\/+$/, '');
  if (!URL.canParse(location, target.href)) return undefined;
  const { origin, pathname, search, hash } = new URL(location, target);
  if (origin !== target.origin || !pathname.startsWith(`${prefix}/`)) return undefined;
  return `/broker${pathname.slice(prefix.length)}${search}${hash}`;
}

/** Encoded slashes are fine, `%2F` is a virtual host; what they separate must be no step upwards for whoever decodes them. */
function leadsOut(path: string): boolean {
  try {
    return decodeURIComponent(path)
      .split(/[/\\]/)
      .some((part) => part === '.' || part === '..');
  } catch {
    return true;
  }
}

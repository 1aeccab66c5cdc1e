import type { Response } from 'express';
import type { Identity } from '../auth/identity.js';
import { HttpError } from './errors.js';

/** Holds the token for requests below `/broker`, which no script can read and no other page can have sent. */
export const BROKER_COOKIE = 'relay_broker';

/** Longest life of the cookie in seconds; the token in it may end sooner, and is checked every time. */
const LONGEST_SECONDS = 8 * 3600;
/** Browsers drop cookies beyond 4,096 bytes without a word. */
const LONGEST_TOKEN = 3800;

/** Lets the browser in with this token from now on. */
export function setBrokerCookie(
  response: Response,
  token: string,
  { expiresAt }: Identity,
  secure: boolean,
): void {
  if (token.length > LONGEST_TOKEN || !/^[\w.~-]+$/.test(token)) {
    throw new HttpError(
      400,
      'ERR_BAD_REQUEST',
      `the token does not fit into a cookie: at most ${LONGEST_TOKEN} bytes do`,
    );
  }
  const left = expiresAt === undefined ? LONGEST_SECONDS : Math.floor((expiresAt - Date.now()) / 1000);
  response.cookie(BROKER_COOKIE, token, {
    path: '/broker',
    httpOnly: true,
    sameSite: 'strict',
    secure,
    maxAge: 1000 * Math.max(0, Math.min(left, LONGEST_SECONDS)),
    encode: (value) => value,
  });
}

/** The token of the cookie; undefined when there is none. */
export function brokerCookie(header: string | undefined): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === BROKER_COOKIE && value) return value;
  }
  return undefined;
}

/** What signs a browser in shows nothing of its own. */
export const SIGN_IN_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The broker</title>
<p>One moment … <noscript>RabbitMQ’s pages need JavaScript.</noscript></p>
<script src="/broker/sign-in.js"></script></html>
`;

/**
 * RabbitMQ's pages ask for a name and a password unless they remember some; these they may, which are replaced on the way.
 * They are kept in the cookie `m` (up to 3.12; its names are hashes of "auth" and "loggedIn") or the local storage.
 */
export const SIGN_IN_SCRIPT = `const credentials = btoa('relay:relay');
const until = Date.now() + ${LONGEST_SECONDS} * 1000;
const remembered = '2258:' + escape(encodeURIComponent(credentials)) + '|59b9:true';
const expires = new Date(until).toUTCString();
document.cookie = 'm=' + remembered + '; path=/broker/; samesite=strict; expires=' + expires;
localStorage.setItem('rabbitmq.auth-scheme', 'Basic');
localStorage.setItem('rabbitmq.credentials', credentials);
localStorage.setItem('rabbitmq.session_expiry', String(until));
location.replace('/broker/');
`;

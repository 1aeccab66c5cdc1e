import { SignJWT } from 'jose';
import { StompClient } from '../support/stomp.js';
import type { Endpoint } from './scenario.js';

/** RabbitMQ's Web-STOMP itself. `webStompUrl` carries the credentials of a broker user. */
export function nativeEndpoint(webStompUrl: string, vhost: string): Endpoint {
  const url = new URL(webStompUrl);
  const login = decodeURIComponent(url.username);
  const passcode = decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  return {
    name: 'native',
    connect: (options) =>
      StompClient.open({ url: url.href, connectHeaders: { login, passcode, host: vhost }, ...options }),
  };
}

/** The relay at this http(s) address, signed in by a token of `user` in the CONNECT frame. */
export function relayEndpoint(relayUrl: string, secret: string, user: string): Endpoint {
  const url = `${relayUrl.replace(/^http/, 'ws').replace(/\/$/, '')}/ws`;
  return {
    name: 'relay',
    async connect(options) {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(user)
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(new TextEncoder().encode(secret));
      return StompClient.open({ url, connectHeaders: { Authorization: `Bearer ${token}` }, ...options });
    },
  };
}

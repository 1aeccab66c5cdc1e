import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test as base, expect, type Page } from 'playwright/test';
import { environment } from './support/environment.js';
import { type RelayProcess, startRelay } from './support/relay-process.js';

/** Every transport of sockjs-client that Chromium has for a page of another host. */
const ACROSS = [
  'websocket',
  'xhr-streaming',
  'eventsource',
  'iframe-eventsource',
  'iframe-htmlfile',
  'xhr-polling',
  'iframe-xhr-polling',
  'jsonp-polling',
] as const;

/** `htmlfile` itself works only where page and relay are of one host. */
const ON_THE_HOST = ['htmlfile', 'xhr-streaming', 'eventsource', 'xhr-polling', 'jsonp-polling'] as const;

interface Setting {
  relay: RelayProcess;
  /** Pages of two other Origins: the first is listed, the second is not. */
  pages: { listed: string; foreign: string };
}

const test = base.extend<object, { setting: Setting }>({
  setting: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are used from the pattern
    async ({}, use) => {
      const servers = await Promise.all([servePage(), servePage()]);
      const [listed = '', foreign = ''] = servers.map(
        (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      );
      const relay = await startRelay({
        ...environment().relaySettings,
        RELAY_ALLOWED_ORIGINS: listed,
      });
      await use({ relay, pages: { listed, foreign } });
      await relay.stop();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
    { scope: 'worker' },
  ],
});

/** A page that loads the client from the relay, and does nothing else. */
async function servePage(): Promise<Server> {
  const server = createServer((request, response) => {
    const relay = new URL(request.url ?? '/', 'http://page').searchParams.get('relay');
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><title>t</title><body><script src="${relay}/sockjs/sockjs.js"></script></body>`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

interface Talk {
  url: string;
  transport: string;
  token: string;
  texts: string[];
}

/** Connects, sends the texts to a topic that it reads itself, and says what came and how it ended. */
function talk(page: Page, what: Talk): Promise<{ bodies: string[]; ended: string }> {
  return page.evaluate(async ({ url, transport, token, texts }) => {
    const { SockJS } = window as unknown as {
      SockJS: new (url: string, protocols: null, options: object) => WebSocket;
    };
    const socket = new SockJS(url, null, { transports: [transport], timeout: 15_000 });
    const topic = `/topic/public.${Math.random()}`;
    const frame = (command: string, headers: object, body = '') =>
      `${command}\n${Object.entries(headers)
        .map(([name, value]) => `${name}:${value}\n`)
        .join('')}\n${body}\0`;
    const bodies: string[] = [];
    return new Promise<{ bodies: string[]; ended: string }>((resolve) => {
      const end = (ended: string) => resolve({ bodies, ended });
      socket.onopen = () =>
        socket.send(frame('CONNECT', { 'accept-version': '1.2', host: '/', Authorization: token }));
      socket.onclose = ({ code, reason }) => end(`${code} ${reason}`);
      socket.onmessage = ({ data }: { data: string }) => {
        if (data.startsWith('CONNECTED')) {
          socket.send(frame('SUBSCRIBE', { id: 's', destination: topic }));
          for (const text of texts) {
            const length = new TextEncoder().encode(text).length;
            socket.send(frame('SEND', { destination: topic, 'content-length': length }, text));
          }
        }
        if (data.startsWith('MESSAGE')) bodies.push(data.slice(data.indexOf('\n\n') + 2, -1));
        if (bodies.length < texts.length) return;
        end('all');
        socket.close();
      };
    });
  }, what);
}

async function tokenOf({ relay }: Setting, user: string): Promise<string> {
  const answer = await fetch(`${relay.url}/demo/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  });
  return ((await answer.json()) as { token: string }).token;
}

const texts = [
  'hello',
  'grüße 🎉',
  'a\0b',
  '</script><script>alert(1)</script>',
  '\u2028',
  '',
  'x'.repeat(200_000),
];

async function visit(page: Page, origin: string, relay: string): Promise<string[]> {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(`${origin}/?relay=${encodeURIComponent(relay)}`);
  return complaints;
}

test.describe('SockJS in a browser, from a listed page of another host', () => {
  for (const transport of ACROSS) {
    test(`over ${transport}`, async ({ page, setting }) => {
      const { relay, pages } = setting;
      const complaints = await visit(page, pages.listed, relay.url);
      const token = await tokenOf(setting, 'sockjs-user');
      const url = `${relay.url}/sockjs`;
      expect(await talk(page, { url, transport, token, texts })).toEqual({ bodies: texts, ended: 'all' });
      const refused = await talk(page, { url, transport, token: 'nonsense', texts });
      expect(refused.ended).toBe('4401 token missing or refused');
      expect(complaints).toEqual([]);
    });
  }
});

test.describe('SockJS in a browser, from a page of the relay’s own host', () => {
  for (const transport of ON_THE_HOST) {
    test(`over ${transport}`, async ({ page, setting }) => {
      const { relay } = setting;
      await page.route(`${relay.url}/test-page`, (route) =>
        route.fulfill({
          contentType: 'text/html',
          body: '<body><script src="/sockjs/sockjs.js"></script></body>',
        }),
      );
      await page.goto(`${relay.url}/test-page`);
      const token = await tokenOf(setting, 'sockjs-user');
      const url = `${relay.url}/sockjs`;
      expect(await talk(page, { url, transport, token, texts })).toEqual({ bodies: texts, ended: 'all' });
    });
  }
});

test('a page that is not listed gets in by no transport', async ({ page, setting }) => {
  const { relay, pages } = setting;
  await visit(page, pages.foreign, relay.url);
  const token = await tokenOf(setting, 'sockjs-user');
  for (const transport of ACROSS.filter((name) => name !== 'jsonp-polling')) {
    const { bodies, ended } = await talk(page, { url: `${relay.url}/sockjs`, transport, token, texts });
    expect(bodies).toEqual([]);
    expect(ended).toMatch(/^(1002|2000) /);
  }
});

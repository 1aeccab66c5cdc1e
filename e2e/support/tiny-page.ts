import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Site, serveSite } from './site.js';

/** `require` gets the bundle for browsers. */
const bundle = createRequire(import.meta.url).resolve('@stomp/stompjs');

/** A page of the fixture's users, as small as it can be: plain stompjs, one list, one button. */
const HTML = `<!doctype html>
<html lang="en"><title>tiny</title>
<script src="stomp.js"></script>
<button disabled>Order</button>
<ul></ul>
<script>
  const { relay, token, destination } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  const button = document.querySelector('button');
  const client = new StompJs.Client({
    brokerURL: relay,
    connectHeaders: { Authorization: 'Bearer ' + token },
    reconnectDelay: 200,
  });
  client.onConnect = () => {
    client.watchForReceipt('ready', () => { button.disabled = false; });
    client.subscribe(destination, ({ body }) => {
      const item = document.createElement('li');
      item.textContent = body;
      document.querySelector('ul').append(item);
    }, { receipt: 'ready' });
  };
  client.onWebSocketClose = () => { button.disabled = true; };
  button.onclick = () => client.publish({ destination: '/app/orders.create', body: '{"product":"lamp","quantity":2}' });
  client.activate();
</script></html>`;

export function serveTinyPage(): Promise<Site> {
  const files = new Map([
    ['/', { type: 'text/html', body: Buffer.from(HTML) }],
    ['/stomp.js', { type: 'text/javascript', body: readFileSync(bundle) }],
  ]);
  return serveSite(({ url = '' }, response) => {
    const file = files.get(url);
    response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain' });
    response.end(file?.body);
  });
}

export interface Where {
  /** The WebSocket's address. */
  relay: string;
  token: string;
  /** Default `/user/topic/reply`. */
  destination?: string;
}

/** Its address. It connects by itself, and enables its button when its subscription is confirmed. */
export function tinyPageUrl(server: string, { destination = '/user/topic/reply', ...where }: Where): string {
  return `${server}#${encodeURIComponent(JSON.stringify({ ...where, destination }))}`;
}

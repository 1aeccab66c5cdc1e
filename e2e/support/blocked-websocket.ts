import type { BrowserContext } from 'playwright/test';

/** What a proxy does that knows no WebSocket: each one fails, a moment after it was made. */
export function blockWebSocket(context: BrowserContext): Promise<unknown> {
  return context.addInitScript(() => {
    class BlockedWebSocket extends EventTarget {
      static readonly CONNECTING = 0;
      static readonly OPEN = 1;
      static readonly CLOSING = 2;
      static readonly CLOSED = 3;
      readonly url: string;
      readonly protocol = '';
      readonly extensions = '';
      readonly bufferedAmount = 0;
      binaryType = 'blob';
      readyState = BlockedWebSocket.CONNECTING;
      onopen: ((event: Event) => void) | null = null;
      onmessage: ((event: Event) => void) | null = null;
      onerror: ((event: Event) => void) | null = null;
      onclose: ((event: Event) => void) | null = null;

      constructor(url: string) {
        super();
        this.url = url;
        setTimeout(() => this.#fail());
      }

      send(): void {
        throw new DOMException('It is not open.', 'InvalidStateError');
      }

      close(): void {
        this.readyState = BlockedWebSocket.CLOSED;
      }

      #fail(): void {
        this.readyState = BlockedWebSocket.CLOSED;
        for (const event of [new Event('error'), new CloseEvent('close', { code: 1006 })]) {
          this.dispatchEvent(event);
          (event.type === 'error' ? this.onerror : this.onclose)?.(event);
        }
      }
    }
    Object.assign(globalThis, { WebSocket: BlockedWebSocket });
  });
}

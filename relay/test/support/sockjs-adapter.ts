import type { OutgoingHttpHeaders } from 'node:http';
import { openSockjs, type SockjsTransportName, type TextSocket } from './sockjs-socket.js';

/** A SockJS connection with the face of a WebSocket that stompjs knows, and what comes over it as bytes. */
export class SockjsAdapter {
  onBytes: ((data: Buffer, binary: boolean) => void) | undefined;
  binaryType: 'arraybuffer' | 'blob' = 'arraybuffer';
  onopen: ((event?: unknown) => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event?: unknown) => void) | null = null;
  /** Is told the close code, whatever stompjs does with it. */
  noteClose: ((code: number) => void) | undefined;
  readonly bufferedAmount = 0;
  private readonly socket: TextSocket;

  constructor(
    readonly url: string,
    transport: SockjsTransportName | TextSocket,
    headers: OutgoingHttpHeaders = {},
  ) {
    this.socket = typeof transport === 'string' ? openSockjs(url, transport, headers) : transport;
    this.socket.onopen = () => this.onopen?.();
    this.socket.onmessage = ({ data }) => {
      const text = String(data);
      this.onBytes?.(Buffer.from(text), false);
      this.onmessage?.({ data: text });
    };
    this.socket.onclose = (event) => {
      this.noteClose?.(event.code);
      this.onclose?.(event);
    };
    this.socket.onerror = (error) => this.onerror?.(error);
  }

  get readyState(): number {
    return this.socket.readyState;
  }

  /** @throws Error for bytes: SockJS would send their numbers as text. */
  send(data: string | Uint8Array | ArrayBuffer): void {
    if (typeof data !== 'string') throw new Error('SockJS carries no bytes');
    this.socket.send(data);
  }

  close(_code?: number): void {
    this.socket.close();
  }

  /** SockJS has no farewell over HTTP: its requests are cut in either case. */
  terminate(): void {
    this.socket.close();
  }
}

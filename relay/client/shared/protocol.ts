import type {
  ConnectionState,
  RelayClientOptions,
  RelayMessage,
  SendOptions,
  SubscribeOptions,
  UnreadCounts,
  WireFrame,
} from '../types.js';

/** What a tab and the worker say to each other; all of it can be cloned. */

/** What of the options the worker needs. Tabs with the same ones share a socket. */
export type SharedOptions = Pick<
  RelayClientOptions,
  'url' | 'path' | 'sockjsPath' | 'auth' | 'transport' | 'heartbeat' | 'shareKey'
>;

/** An error on its way between a tab and the worker. */
export interface ToldError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** Every `call` is answered by `done`. */
export type ToHub =
  | { readonly type: 'hello'; readonly options: SharedOptions }
  /** The tab holds this Web Lock for as long as it lives. */
  | { readonly type: 'lock'; readonly name: string }
  | { readonly type: 'connect' | 'refresh' | 'close'; readonly call: number }
  | { readonly type: 'drop' | 'wake' | 'bye' | 'pong' }
  | { readonly type: 'watch'; readonly what: 'unread' | 'frames'; readonly on: boolean }
  | {
      readonly type: 'subscribe';
      readonly id: number;
      readonly destination: string;
      readonly options: Pick<SubscribeOptions, 'unread' | 'headers'>;
    }
  | { readonly type: 'unsubscribe'; readonly id: number }
  | {
      readonly type: 'send' | 'request';
      readonly call: number;
      readonly destination: string;
      readonly body: string;
      readonly options: SendOptions;
    }
  /** Answers `token`. */
  | { readonly type: 'token'; readonly ask: number; readonly token?: string; readonly error?: ToldError };

export type FromHub =
  | { readonly type: 'state'; readonly state: ConnectionState }
  | { readonly type: 'unread'; readonly counts: UnreadCounts }
  | { readonly type: 'frame'; readonly frame: WireFrame }
  | { readonly type: 'ready'; readonly id: number; readonly error?: ToldError }
  | { readonly type: 'ended'; readonly id: number; readonly error: ToldError }
  | { readonly type: 'message'; readonly id: number; readonly message: RelayMessage }
  | {
      readonly type: 'done';
      readonly call: number;
      readonly message?: RelayMessage | undefined;
      readonly error?: ToldError;
    }
  /** Asks for a token. */
  | { readonly type: 'token'; readonly ask: number; readonly stale?: string | undefined }
  | { readonly type: 'ping' }
  /** The worker does not know this tab (any more): it is to introduce itself. It holds this Web Lock for as long as it lives. */
  | { readonly type: 'who'; readonly lock?: string | undefined };

/** A MessagePort, of browsers or of Node. */
export interface Port<In, Out> {
  postMessage(message: Out): void;
  onmessage: ((event: { data: In }) => void) | null;
  close(): void;
}

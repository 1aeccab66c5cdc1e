/** A broker that runs already. URLs carry its credentials. */
export interface GivenBroker {
  /** `amqp://user:password@host:5672/vhost`; the user may configure, write and read everything there. */
  readonly amqpUrl: string;
  /** Default: `ws://` the same host, port 15674, path `/ws`. */
  readonly webStompUrl?: string;
  /**
   * `http://user:password@host:15672` of an administrator. With it each worker has a virtual host of its own, removed at
   * its end. Without it all workers share the one of `amqpUrl`, and with it the unread mail of users of the same name.
   */
  readonly managementUrl?: string;
  /** The broker user of private links. Default: the one of `amqpUrl`. */
  readonly clientUsername?: string;
  readonly clientPassword?: string;
}

export interface RelayOptions {
  /**
   * Who may subscribe and send where: your own access file, by a path from the folder of the Playwright configuration.
   * Without it users may only subscribe to their own `/user/…`, unless `demo` is on.
   */
  readonly accessFile?: string;
  /** The rules of the demo, and `POST /demo/token`. Default false. */
  readonly demo?: boolean;
  /** Settings of the relay (PROTOCOL.md, Settings), which win over those that the fixture makes. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Use this broker. Default: the one of the variables RABBITMQ_URL, RABBITMQ_WEB_STOMP_URL and
   * RABBITMQ_MANAGEMENT_URL where they are set, else a private RabbitMQ node for each worker.
   */
  readonly broker?: GivenBroker | string;
}

export interface PublishOptions {
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  /** By which clients tell duplicates. Default: a random UUID. */
  readonly messageId?: string;
  /** Default `application/json` for an object, `text/plain` for text, none for bytes. */
  readonly contentType?: string;
  /** Milliseconds after which it is worthless. Default: never. */
  readonly expiration?: number;
  readonly correlationId?: string;
  /** Default true: the broker keeps it on disk. */
  readonly persistent?: boolean;
}

/** A message that was unread. */
export interface UnreadMessage {
  readonly id: string;
  /** Without `/user`. */
  readonly destination: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As text, or base64 where `encoding` says so. */
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
}

/** A relay of this worker's own, and what a test does to it and as the services behind it. */
export interface RelayFixture {
  /** `http://127.0.0.1:…`, the same after a restart. */
  readonly url: string;
  /** `ws://127.0.0.1:…/ws` */
  readonly wsUrl: string;
  /** For services of yours that the test starts; with credentials. */
  readonly amqpUrl: string;
  /** The settings that the relay was started with, secrets included. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * A token that the relay takes for this user.
   * @param claims further ones, such as `{ roles: ['admin'] }`; they win
   * @param expiresIn seconds, default 600
   * @throws Error when `relayOptions.env` names keys of which the fixture has no private part
   */
  token(user: string, claims?: Readonly<Record<string, unknown>>, expiresIn?: number): Promise<string>;
  /**
   * Publishes as a service does, over AMQP; resolves when the broker has the message.
   * @param destination `/user/alice/topic/reply`, `/topic/news`, `/app/orders.create` or `/exchange/name/key`
   * @param body an object is sent as JSON
   */
  publish(destination: string, body: string | Uint8Array | object, options?: PublishOptions): Promise<void>;
  /**
   * Fetches what is unread and marks it as read, oldest first.
   * @param destination as the page subscribes to it: `/user/topic/reply`, or without `/user`
   */
  pull(user: string, destination: string): Promise<UnreadMessage[]>;
  /** Ends all sessions of the user and takes their tokens back (close code 4411). */
  signOut(user: string): Promise<void>;
  /** SIGTERM: clients are told 1001. A relay that a test leaves stopped is started for the next one. */
  stop(): Promise<void>;
  /** SIGKILL: connections break (1006). */
  kill(): Promise<void>;
  /** Starts it again where it was; nothing when it runs. Resolves when it is ready. */
  start(): Promise<void>;
  /** `stop`, or `kill` with SIGKILL, then `start`. */
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A STOMP frame that went through a page's WebSocket. */
export interface StompFrame {
  /** `in`: to the page. */
  readonly direction: 'in' | 'out';
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** 1 for the first socket of the page, 2 for the next. */
  readonly socket: number;
  /** Of the socket. */
  readonly url: string;
  readonly command: string;
  /** The first of each name counts. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly bytes: Uint8Array;
}

/** A part of a JSON body: what is named must be there; lists must have the same length. `expect.any(…)` and the like may stand in it. */
export type BodyPart = { readonly [key: string]: unknown } | readonly unknown[];

/** What a frame must be. What is left out may be anything. */
export interface FrameMatch {
  readonly direction?: 'in' | 'out';
  readonly command?: string;
  /** The header of that name. */
  readonly destination?: string | RegExp;
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  /** The whole text, a pattern, or a part of a JSON body. */
  readonly body?: string | RegExp | BodyPart;
}

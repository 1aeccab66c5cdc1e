import { Client, type IMessage } from '@stomp/stompjs';
import WebSocket from 'ws';
import type { Random } from '../random.js';
import { count, type Inbox, Stream } from './inbox.js';
import { Mail } from './mail.js';
import { DESTINATION, type Habit } from './protocol.js';

export interface UserPlan {
  name: string;
  token: string;
  habit: Habit;
}

const RECONNECT_MS = 500;
const CONNECT_MS = 8000;
/** How long one reconnect's pull may try; what is left then waits for the next one. */
const PULL_MS = 15_000;
const LEAVE_MS = 3000;
const RECEIPT = 'subscribed';

/** One user as an application has it: plain stompjs, ack:auto, reconnecting to whichever relay the chance gives. */
export class User {
  private readonly client: Client;
  private readonly mail: Mail;
  private socket: WebSocket | undefined;
  /** Address of the relay that the last connection went to. */
  relay = '';
  private pulling: Promise<void> | undefined;
  private wasCut = false;
  private away = false;
  /** True from the RECEIPT of the SUBSCRIBE to the end of that connection. */
  ready = false;

  constructor(
    private readonly plan: UserPlan,
    relays: readonly string[],
    private readonly inbox: Inbox,
    random: Random,
  ) {
    const { pullTroubles, closes } = inbox.tally;
    this.mail = new Mail(
      relays,
      plan.token,
      (what) => count(pullTroubles, what),
      random.below(relays.length),
    );
    this.client = new Client({
      webSocketFactory: () => {
        this.relay = random.pick(relays);
        this.socket = new WebSocket(`${this.relay.replace(/^http/, 'ws')}/ws`, ['v12.stomp']);
        this.socket.on('error', () => {});
        return this.socket;
      },
      connectHeaders: { Authorization: `Bearer ${plan.token}` },
      // A little different for everyone, as browsers are: else all of them would come back at the same moment.
      reconnectDelay: RECONNECT_MS * random.between(0.5, 1.5),
      connectionTimeout: CONNECT_MS,
      onConnect: () => this.subscribe(),
      onWebSocketClose: (event: WebSocket.CloseEvent) => {
        this.ready = false;
        count(closes, this.wasCut ? 'cut' : String(event.code));
        this.wasCut = false;
      },
    });
  }

  /** Connects, and from then on whenever the connection has ended. */
  start(): void {
    this.client.activate();
  }

  /** Destroys the socket; the relay is not told. @returns whether there was one. */
  cut(): boolean {
    if (!this.ready || !this.socket) return false;
    this.wasCut = true;
    this.socket.terminate();
    return true;
  }

  /** Lets go of a connection that is dead, and does not come back before `milliseconds` are over. */
  async stayAway(milliseconds: number): Promise<void> {
    this.away = true;
    await this.client.deactivate({ force: true });
    this.ready = false;
    setTimeout(() => this.comeBack(), milliseconds);
  }

  /** Leaves in order and comes back. */
  async rejoin(): Promise<void> {
    await this.leave();
    this.away = false;
    this.start();
  }

  async leave(): Promise<void> {
    const forced = setTimeout(() => void this.client.deactivate({ force: true }), LEAVE_MS);
    await this.client.deactivate();
    clearTimeout(forced);
    this.ready = false;
  }

  /** @returns whether everything that can be pulled now was pulled within `patience` milliseconds. */
  async pull(patience: number): Promise<boolean> {
    await this.pulling;
    return this.mail.pullAll(patience, ({ id, body }) =>
      this.inbox.receive(this.plan.name, 'pulled', id, body),
    );
  }

  private comeBack(): void {
    if (!this.away) return;
    this.away = false;
    this.start();
  }

  private subscribe(): void {
    const stream = new Stream();
    const { name, habit } = this.plan;
    this.client.watchForReceipt(RECEIPT, () => {
      this.ready = true;
      if (habit === 'pull') this.pullInBackground();
    });
    this.client.subscribe(
      DESTINATION,
      ({ headers, body }: IMessage) => {
        const unread = headers.unread === 'true';
        const id = headers['amqp-message-id'];
        this.inbox.receive(name, unread ? 'replayed' : 'live', id, body, unread ? undefined : stream);
      },
      { ack: 'auto', receipt: RECEIPT, ...(habit === 'replay' ? { unread: 'replay' } : {}) },
    );
  }

  private pullInBackground(): void {
    if (this.pulling) return;
    this.pulling = this.pull(PULL_MS)
      .then(
        () => {},
        (error: Error) => count(this.inbox.tally.pullTroubles, error.message),
      )
      .finally(() => {
        this.pulling = undefined;
      });
  }
}

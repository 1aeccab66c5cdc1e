import { DirectClient } from '../create.js';
import type { TransportOptions } from '../transports.js';
import type { FromHub, Port, ToHub } from './protocol.js';
import { Room } from './room.js';
import { Tab } from './tab.js';

export type HubPort = Port<ToHub, FromHub>;

export interface HubOptions extends Pick<TransportOptions, 'sockjs' | 'WebSocket' | 'loadWebSocket'> {
  /** The Web Lock that the worker holds, by which tabs learn of its end. */
  readonly lock?: string | undefined;
  /** How often tabs without a Web Lock are asked whether they are there, in milliseconds; three times in vain, they are not. */
  readonly pingInterval?: number;
}

const PING_MS = 10_000;

/** Holds the connections of all tabs: one for those who want the same. */
export class Hub {
  private readonly rooms = new Map<string, Room>();

  constructor(private readonly options: HubOptions = {}) {}

  /** A tab has come. It says `hello` by itself. */
  attach(port: HubPort): void {
    const { pingInterval = PING_MS, lock } = this.options;
    const tab = new Tab(port, pingInterval, lock, (options) => {
      const key = JSON.stringify(options);
      let room = this.rooms.get(key);
      if (!room) {
        const { pingInterval: _, lock: _lock, ...ours } = this.options;
        const made = new Room(
          (token) => new DirectClient({ ...ours, ...options, token }),
          () => {
            if (this.rooms.get(key) === made) this.rooms.delete(key);
          },
        );
        this.rooms.set(key, made);
        room = made;
      }
      return room;
    });
    port.onmessage = ({ data }) => tab.take(data);
    tab.greet();
  }
}

import type { ChannelModel } from 'amqplib';

/** Whether the broker has enough memory and disk to take messages. */
export interface Alarm {
  /** True while it has not: whoever publishes is to wait. */
  readonly congested: boolean;
}

/** For tests and tools. */
export const noAlarm: Alarm = { congested: false };

/** How long an alarm may last before it is noticed, in milliseconds. */
const PROBE_MS = 1000;

/**
 * Notices the broker's alarms for memory and disk.
 *
 * In an alarm RabbitMQ stops reading from AMQP connections that publish, and tells those that have published since it
 * began (`connection.blocked`). Its Web-STOMP connections it neither stops nor tells, so nothing but the relay keeps
 * clients from filling a broker that is full. Hence the probe: a message without a destination, now and then.
 */
export class BrokerAlarm implements Alarm {
  /** What the broker is short of, in its own words; undefined while it has enough. */
  reason: string | undefined;
  private connection: ChannelModel | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onChange: (reason: string | undefined) => void) {}

  get congested(): boolean {
    return this.reason !== undefined;
  }

  /** Runs on every connection; it must be one that is not needed while the broker does not read from it. */
  async watch(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    this.connection = connection;
    this.change(undefined);
    connection.on('blocked', (reason: string) => this.onEvent(connection, reason));
    connection.on('unblocked', () => this.onEvent(connection, undefined));
    connection.once('close', () => {
      if (this.connection === connection) this.close();
    });
    const probe = () => {
      // Once blocked it would only wait at the broker's door, one behind another.
      if (this.congested) return;
      try {
        channel.publish('', 'relay.probe', Buffer.alloc(0));
      } catch {
        // The channel is being closed: the next connection is watched again.
      }
    };
    clearInterval(this.timer);
    this.timer = setInterval(probe, PROBE_MS);
    this.timer.unref();
    probe();
  }

  /** Without a connection nothing is known; the links have waits of their own for a broker that is away. */
  close(): void {
    clearInterval(this.timer);
    this.connection = undefined;
    this.change(undefined);
  }

  private onEvent(connection: ChannelModel, reason: string | undefined): void {
    if (this.connection === connection) this.change(reason);
  }

  private change(reason: string | undefined): void {
    if (this.reason === reason) return;
    this.reason = reason;
    this.onChange(reason);
  }
}

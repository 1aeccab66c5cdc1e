import { type ChannelModel, connect, type GetMessage } from 'amqplib';
import { Directory } from '../../src/broker/directory.js';
import { Inbox } from '../../src/broker/inbox.js';
import { Probe, type QueueState } from '../../src/broker/probe.js';
import { names } from '../../src/broker/topology.js';
import { userWord } from '../../src/destination.js';
import { mailboxQueue } from '../../src/unread/address.js';
import { broker } from './broker.js';
import { waitFor } from './wait.js';

/** What the broker has of the users' mail, seen past the relays. */
export class Mailroom {
  private readonly probe: Probe;

  private constructor(
    private readonly connection: ChannelModel,
    readonly inbox: Inbox,
    private readonly directory: Directory,
  ) {
    this.probe = new Probe(connection);
  }

  /** @param amqpUrl the broker of this file unless it names another. */
  static async open(amqpUrl = broker().amqpUrl): Promise<Mailroom> {
    const connection = await connect(amqpUrl);
    const inbox = new Inbox(() => {});
    await inbox.open(connection);
    // Only asks: the relays' directories hold the entries.
    return new Mailroom(connection, inbox, new Directory(inbox, () => {}));
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** Undefined when the mailbox does not exist. */
  state(user: string, rest = 'topic.reply'): Promise<QueueState | undefined> {
    return this.probe.look(queueOf(user, rest));
  }

  /** Undefined when there is no such queue. */
  queue(name: string): Promise<QueueState | undefined> {
    return this.probe.look(name);
  }

  /** The destinations that the directory has of a user. */
  entries(user: string): Promise<string[]> {
    return this.entriesOf(userWord(user));
  }

  /** The same of an owner as the directory writes it: `*` for relay nodes. */
  entriesOf(owner: string): Promise<string[]> {
    return this.directory.list(owner);
  }

  /** Waits until neither the mailbox nor its entry is there. */
  async gone(user: string, rest = 'topic.reply'): Promise<void> {
    await waitFor(async () => !(await this.state(user, rest)) && !(await this.entries(user)).includes(rest), {
      what: `the removal of the mailbox ${rest} of ${user}`,
    });
  }

  /** Waits until this many messages stand in a mailbox and nobody has taken any. */
  async holds(user: string, count: number, rest = 'topic.reply', timeout = 15_000): Promise<void> {
    let seen: number | undefined;
    await waitFor(
      async () => {
        seen = (await this.state(user, rest))?.messages;
        return seen === count;
      },
      { what: () => `${count} messages in the mailbox ${rest} of ${user}; there are ${seen}`, timeout },
    );
  }

  /** Waits until everything that became unread before has been dealt with. */
  async passed(user: string, rest = 'topic.reply'): Promise<void> {
    await this.inbox.ask('', names.intake, 'passed', `${userWord(user)}.${rest}`);
  }

  /** Waits for a message that was put aside, and takes it. Others' are left there. */
  async rejected(body: string): Promise<GetMessage> {
    return waitFor(
      async () => {
        const channel = await this.connection.createChannel();
        try {
          for (;;) {
            const message = await channel.get(names.rejected);
            if (!message) return undefined;
            if (message.content.toString() !== body) continue;
            channel.ack(message);
            return message;
          }
        } finally {
          // What was looked at and not taken goes back.
          await channel.close();
        }
      },
      { what: `${JSON.stringify(body)} in ${names.rejected}`, interval: 100 },
    );
  }
}

function queueOf(user: string, rest: string): string {
  return mailboxQueue(`${userWord(user)}.${rest}`);
}

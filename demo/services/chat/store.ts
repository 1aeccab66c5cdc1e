import type { ChatLine, Person } from '../../contract.js';
import type { Database } from '../database.js';

export const CHAT_SCHEMA = `
CREATE TABLE IF NOT EXISTS people (user TEXT PRIMARY KEY, seen INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lines (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL, one TEXT, other TEXT, content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS lines_of_conversation ON lines (conversation, seq);
CREATE INDEX IF NOT EXISTS lines_of_one ON lines (one, seq);
CREATE INDEX IF NOT EXISTS lines_of_other ON lines (other, seq);
`;

/** Lines of one conversation. */
export const LINES_KEPT = 50;
/** Lines that are shown at once, of all conversations together. */
const LINES_SHOWN = 500;
const CHARACTERS_SHOWN = 250_000;
const PEOPLE_KEPT = 200;

export const rooms = ['lobby', 'help'] as const;

/** Who is there and what they said. */
export class ChatStore {
  constructor(
    private readonly database: Database,
    /** There from the beginning. */
    private readonly regulars: readonly string[],
  ) {}

  /** @returns whether nobody knew them */
  seen(user: string): boolean {
    const known = this.knows(user);
    if (this.regulars.includes(user)) return false;
    this.database.run(
      'INSERT INTO people VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET seen = excluded.seen',
      user,
      Date.now(),
    );
    this.database.run(
      'DELETE FROM people WHERE user NOT IN (SELECT user FROM people ORDER BY seen DESC LIMIT ?)',
      PEOPLE_KEPT,
    );
    return !known;
  }

  knows(user: string): boolean {
    if (this.regulars.includes(user)) return true;
    return this.database.first('SELECT 1 AS yes FROM people WHERE user = ?', user) !== undefined;
  }

  people(): Person[] {
    const others = this.database.all<Person>('SELECT user FROM people ORDER BY seen DESC');
    return [...this.regulars.map((user) => ({ user })), ...others.map(({ user }) => ({ user }))];
  }

  addDirect(line: ChatLine): void {
    const [one = '', other = ''] = [line.from, line.to].sort();
    this.add(JSON.stringify([one, other]), one, other, line);
  }

  addToRoom(line: ChatLine): void {
    this.add(`room ${line.to}`, null, null, line);
  }

  /** Oldest first. */
  linesFor(user: string): ChatLine[] {
    const conversations = rooms.map((room) => `room ${room}`);
    const newest = this.database.all<{ content: string }>(
      `SELECT content FROM lines WHERE one = ? OR other = ? OR conversation IN (${conversations.map(() => '?')})
       ORDER BY seq DESC LIMIT ?`,
      user,
      user,
      ...conversations,
      LINES_SHOWN,
    );
    let room = CHARACTERS_SHOWN;
    const shown = newest.filter(({ content }) => {
      room -= content.length;
      return room >= 0;
    });
    return shown.reverse().map(({ content }): ChatLine => JSON.parse(content));
  }

  private add(conversation: string, one: string | null, other: string | null, line: ChatLine): void {
    const content = JSON.stringify(line);
    this.database.run(
      'INSERT INTO lines (conversation, one, other, content) VALUES (?, ?, ?, ?)',
      conversation,
      one,
      other,
      content,
    );
    this.database.run(
      `DELETE FROM lines WHERE conversation = ? AND seq NOT IN
       (SELECT seq FROM lines WHERE conversation = ? ORDER BY seq DESC LIMIT ?)`,
      conversation,
      conversation,
      LINES_KEPT,
    );
  }
}

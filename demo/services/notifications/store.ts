import { type Centre, type Kind, kinds, type Notice } from '../../contract.js';
import type { Database } from '../database.js';

export const NOTIFICATIONS_SCHEMA = `
CREATE TABLE IF NOT EXISTS people (user TEXT PRIMARY KEY, seen INTEGER NOT NULL, muted TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS owners ("order" TEXT PRIMARY KEY, user TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS follows (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
  active INTEGER NOT NULL, UNIQUE (user, type, id));
CREATE INDEX IF NOT EXISTS follows_of_thing ON follows (type, id);
CREATE TABLE IF NOT EXISTS notices (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, user TEXT NOT NULL, event TEXT NOT NULL,
  read INTEGER NOT NULL, content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS notices_of_user ON notices (user, seq);
CREATE INDEX IF NOT EXISTS notices_of_event ON notices (event);
`;

/** Notices of one user; then the oldest go. */
export const NOTICES_KEPT = 100;
/** Things that one user follows; then the ones followed first go. */
const FOLLOWS_KEPT = 100;
/** People whom an announcement reaches; those who have been away the longest are forgotten. */
const PEOPLE_KEPT = 1000;

export type Followed = Centre['following'][number];

/** Who is there, who follows what, what they want, and what they were told. */
export class NotificationStore {
  constructor(private readonly database: Database) {}

  /** Everybody who has opened the centre. */
  people(): string[] {
    return this.database
      .all<{ user: string }>('SELECT user FROM people ORDER BY user')
      .map(({ user }) => user);
  }

  seen(user: string): void {
    this.database.run(
      `INSERT INTO people VALUES (?, ?, '[]') ON CONFLICT (user) DO UPDATE SET seen = excluded.seen`,
      user,
      Date.now(),
    );
    this.database.run(
      'DELETE FROM people WHERE user NOT IN (SELECT user FROM people ORDER BY seen DESC LIMIT ?)',
      PEOPLE_KEPT,
    );
  }

  muted(user: string): Kind[] {
    const row = this.database.first<{ muted: string }>('SELECT muted FROM people WHERE user = ?', user);
    const names: unknown[] = JSON.parse(row?.muted ?? '[]');
    return kinds.filter((kind) => names.includes(kind));
  }

  mute(user: string, muted: readonly Kind[]): void {
    this.seen(user);
    this.database.run('UPDATE people SET muted = ? WHERE user = ?', JSON.stringify(muted), user);
  }

  ownerOf(order: string): string | undefined {
    return this.database.first<{ user: string }>('SELECT user FROM owners WHERE "order" = ?', order)?.user;
  }

  /** @returns whether the order was not known */
  own(user: string, order: string): boolean {
    return this.database.run('INSERT INTO owners VALUES (?, ?) ON CONFLICT DO NOTHING', order, user) > 0;
  }

  follow(user: string, { type, id }: Followed, on: boolean): void {
    this.database.run(
      `INSERT INTO follows (user, type, id, active) VALUES (?, ?, ?, ?)
       ON CONFLICT (user, type, id) DO UPDATE SET active = excluded.active`,
      user,
      type,
      id,
      on ? 1 : 0,
    );
    this.database.run(
      'DELETE FROM follows WHERE user = ? AND seq NOT IN (SELECT seq FROM follows WHERE user = ? ORDER BY seq DESC LIMIT ?)',
      user,
      user,
      FOLLOWS_KEPT,
    );
  }

  following(user: string): Followed[] {
    return this.database
      .all<Followed>('SELECT type, id FROM follows WHERE user = ? AND active = 1 ORDER BY seq', user)
      .map(({ type, id }) => ({ type, id }));
  }

  followersOf({ type, id }: Followed): string[] {
    return this.database
      .all<{ user: string }>('SELECT user FROM follows WHERE type = ? AND id = ? AND active = 1', type, id)
      .map(({ user }) => user);
  }

  /** @param event that it is about */
  add(user: string, notice: Notice, event: string): void {
    const { id, read, ...content } = notice;
    this.database.run(
      'INSERT INTO notices (id, user, event, read, content) VALUES (?, ?, ?, ?, ?)',
      id,
      user,
      event,
      read ? 1 : 0,
      JSON.stringify(content),
    );
    this.database.run(
      'DELETE FROM notices WHERE user = ? AND seq NOT IN (SELECT seq FROM notices WHERE user = ? ORDER BY seq DESC LIMIT ?)',
      user,
      user,
      NOTICES_KEPT,
    );
  }

  /** Newest first. */
  notices(user: string): Notice[] {
    return this.database
      .all<{ id: string; read: number; content: string }>(
        'SELECT id, read, content FROM notices WHERE user = ? ORDER BY seq DESC',
        user,
      )
      .map(({ id, read, content }) => ({ ...JSON.parse(content), id, read: read === 1 }));
  }

  /** How many people were told of this event. */
  told(event: string): number {
    return (
      this.database.first<{ n: number }>('SELECT count(*) AS n FROM notices WHERE event = ?', event)?.n ?? 0
    );
  }

  markRead(user: string, ids: readonly string[] | 'all'): void {
    if (ids === 'all') {
      this.database.run('UPDATE notices SET read = 1 WHERE user = ?', user);
      return;
    }
    for (const id of ids)
      this.database.run('UPDATE notices SET read = 1 WHERE user = ? AND id = ?', user, id);
  }
}

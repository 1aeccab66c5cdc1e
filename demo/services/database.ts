import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';

/** What may be bound to a `?`. */
export type Value = string | number | null;

/** The embedded database of one service: a file of its own. All calls are synchronous. */
export class Database {
  private constructor(private readonly file: Libsql.Database) {}

  /**
   * @param folder made when it is not there
   * @param schema statements that make tables which are not there yet
   */
  static open(folder: string, name: string, schema: string): Database {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${name}.db`);
    const file = new Libsql(path);
    // Other people's mail is in it.
    chmodSync(path, 0o600);
    file.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000');
    file.exec(schema);
    return new Database(file);
  }

  /** @returns how many rows have changed */
  run(sql: string, ...values: Value[]): number {
    return this.file.prepare(sql).run(...values.map(checked)).changes;
  }

  /** `Row` is what the columns of the query are, by name. */
  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.file.prepare(sql).all(...values.map(checked)) as Row[];
  }

  first<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.all<Row>(sql, ...values)[0];
  }

  /** All of it or nothing; a transaction within another is part of that one. */
  transaction<T>(work: () => T): T {
    if (this.file.inTransaction) return work();
    return this.file.transaction(work)();
  }

  close(): void {
    if (this.file.open) this.file.close();
  }
}

/** libsql ends the whole process over a value of another type, and values come out of messages. */
function checked(value: Value): Value {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TypeError(`a ${typeof value} cannot be stored`);
}

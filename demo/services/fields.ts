import { Refused } from './refused.js';

/** Control characters other than tabs and new lines: a database may end a text at one. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]/u;

/** The content of a request: an object of which nothing is known yet. */
export class Fields {
  private readonly fields: Readonly<Record<string, unknown>>;

  /** @throws Refused 400 when it is no object */
  constructor(content: unknown) {
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      throw new Refused(400, 'the content must be an object');
    }
    this.fields = { ...content };
  }

  /** @throws Refused 400 unless it is a text of 1 to `longest` characters, blanks around it left out */
  text(name: string, longest: number): string {
    const value = this.fields[name];
    const text = typeof value === 'string' ? value.trim() : '';
    if (text === '') throw new Refused(400, `${name} must be a text`);
    if (UNPRINTABLE.test(text)) throw new Refused(400, `${name} has control characters`);
    if (text.length > longest) throw new Refused(400, `${name} has more than ${longest} characters`);
    return text;
  }

  /** @throws Refused 400 unless it is a whole number within bounds */
  whole(name: string, least: number, most: number): number {
    const value = this.fields[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw new Refused(400, `${name} must be a whole number from ${least} to ${most}`);
    }
    return value;
  }

  /** @throws Refused 400 unless it is true or false */
  flag(name: string): boolean {
    const value = this.fields[name];
    if (typeof value !== 'boolean') throw new Refused(400, `${name} must be true or false`);
    return value;
  }

  /** @throws Refused 400 unless it is one of these */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const found = allowed.find((one) => one === this.fields[name]);
    if (found === undefined) throw new Refused(400, `${name} must be one of ${allowed.join(', ')}`);
    return found;
  }

  /** @throws Refused 400 unless it is a list of at most `most` texts */
  texts(name: string, most: number): string[] {
    const value = this.fields[name];
    if (!Array.isArray(value) || value.length > most || !value.every((one) => typeof one === 'string')) {
      throw new Refused(400, `${name} must be a list of at most ${most} texts`);
    }
    return value;
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined;
  }
}

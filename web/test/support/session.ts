import { signal } from '@preact/signals';

/**
 * Stands for web/src/session where a test must say in which order answers and pushes come: over a real relay that is
 * not for the test to choose. e2e/ has the real one.
 */
type Handler = (content: unknown, heard: { envelope: { fromUniqueId: string } }) => void;

interface Question {
  readonly destination: string;
  readonly content: unknown;
  answer(content: unknown): Promise<void>;
  fail(message: string): Promise<void>;
}

const handlers = new Map<string, Handler>();
const starts: ((session: object) => undefined | (() => void))[] = [];
let stops: (undefined | (() => void))[] = [];
/** What was asked and not answered yet, in order. */
export const questions: Question[] = [];
export const signals: { readonly destination: string; readonly content: unknown }[] = [];

export const me = signal('');
export const session = signal<object | undefined>(undefined);

export function signIn(user: string): void {
  me.value = user;
  session.value = {};
  stops = starts.map((start) => start(session.value ?? {}));
}

export function signOut(): void {
  me.value = '';
  session.value = undefined;
  for (const stop of stops) stop?.();
}

/** What a service pushes, or with `from` somebody's page. */
export function push(destination: string, content: unknown, from = 'service'): void {
  handlers.get(destination)?.(content, { envelope: { fromUniqueId: from } });
}

export const subscribed = (): readonly string[] => [...handlers.keys()];

/** The oldest question to a service; it is no longer among the questions. */
export function question(destination: string): Question {
  const index = questions.findIndex((each) => each.destination === destination);
  const [found] = index < 0 ? [] : questions.splice(index, 1);
  if (found === undefined) throw new Error(`nothing was asked at ${destination}`);
  return found;
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

export function ask(destination: string, content: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    questions.push({
      destination,
      content,
      answer: (answer) => {
        resolve(answer);
        return settle();
      },
      fail: (message) => {
        reject(new Error(message));
        return settle();
      },
    });
  });
}

export const explain = (error: unknown): string => (error instanceof Error ? error.message : '');

export function listenTo(
  destination: string,
  handler: Handler,
  { accept }: { readonly accept?: (content: unknown) => boolean } = {},
): () => void {
  handlers.set(destination, (content, heard) => {
    if (accept === undefined || accept(content)) handler(content, heard);
  });
  return () => handlers.delete(destination);
}

export function sendSignal(destination: string, { content }: { readonly content: unknown }): void {
  signals.push({ destination, content });
}

export function whileSignedIn(start: (session: object) => undefined | (() => void)): void {
  starts.push(start);
}

export function keepLoaded(load: (current: () => boolean) => Promise<void>) {
  starts.push((mine) => {
    load(() => session.value === mine).catch(() => undefined);
    return undefined;
  });
  return { status: signal('ready'), problem: signal(''), reload: async () => undefined };
}

import { NoAnswer, Refused, readAnswer, type SignalInput, sealRequest, sealSignal } from './messages.js';
import { client, me } from './session.js';

/** A service answers within milliseconds; who has waited this long wants to be told. */
const PATIENCE = 8_000;

/**
 * Asks a service and resolves with its answer.
 * @param destination one of `ask` of the contract
 * @param timeout milliseconds, default 8,000
 * @throws Refused when the service says no
 * @throws NoAnswer when none came in time
 */
export async function ask<Answer>(
  destination: string,
  content: unknown,
  { timeout = PATIENCE }: { readonly timeout?: number } = {},
): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const body = sealRequest(destination, content, me.peek());
  let message: Awaited<ReturnType<ReturnType<typeof client>['request']>>;
  try {
    message = await client().request(destination, body, { headers, timeout });
  } catch (error) {
    throw new NoAnswer(
      `No answer from the service (${error instanceof Error ? error.message : 'unknown reason'}).`,
    );
  }
  return readAnswer<Answer>(message);
}

/** Sends what is worth nothing a moment later. It is never kept for whoever is away, and nobody hears of a failure. */
export function sendSignal(destination: string, signal: SignalInput): void {
  const headers = { 'content-type': 'application/json', 'relay-unread': 'drop' };
  client()
    .send(destination, sealSignal(signal, me.peek()), { headers, timeout: 2_000 })
    .catch(() => undefined);
}

/** What to tell people about an error of `ask`. */
export function explain(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof NoAnswer) return 'The service does not answer at the moment. Please try again.';
  return error instanceof Error ? error.message : 'Something went wrong.';
}

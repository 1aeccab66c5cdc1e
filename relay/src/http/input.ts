import type { z } from 'zod';
import { quote } from '../destination-checks.js';
import { HttpError } from './errors.js';

/** Unknown names that an error repeats, at most. */
const NAMED = 3;

/**
 * Checks what came from outside.
 * @param place What `value` is, for the error ("the body").
 * @throws HttpError 400 that names every field that is wrong and what it takes, and every one that is not known.
 */
export function readInput<S extends z.ZodObject>(schema: S, value: unknown, place: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const known = Object.keys(schema.shape).join(', ') || 'nothing';
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const names = issue.keys.slice(0, NAMED).map(quote).join(', ');
      return `${place} has ${names}, but takes ${known}`;
    }
    if (issue.path.length === 0) return `${place} takes a JSON object with ${known}`;
    return `${issue.path.join('.')} ${issue.message}`;
  });
  throw new HttpError(400, 'ERR_BAD_REQUEST', problems.join('; '));
}

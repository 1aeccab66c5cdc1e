import { EnvelopeError } from './error.js';

/**
 * What can check and type the `content` of an envelope: a schema of zod, or of any library that keeps to Standard Schema
 * (valibot, arktype …) and answers at once.
 */
export type ContentSchema<Content> = ParsingSchema<Content> | StandardSchema<Content>;

/** `parse` throws when the value is wrong. */
export interface ParsingSchema<Content> {
  parse(value: unknown): Content;
}

/** The part of Standard Schema, version 1, that is needed here. */
export interface StandardSchema<Content> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Content> | Promise<StandardResult<Content>>;
  };
}

type StandardResult<Content> =
  | { readonly value: Content; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** @throws EnvelopeError that begins with `content` and, where the schema tells, the path to what is wrong. */
export function checkContent<Content>(schema: ContentSchema<Content>, value: unknown): Content {
  if ('~standard' in schema) return standard(schema, value);
  try {
    return schema.parse(value);
  } catch (error) {
    throw new EnvelopeError(`content: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function standard<Content>(schema: StandardSchema<Content>, value: unknown): Content {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    // Nobody waits for it any more; without this its failure would end the process.
    result.catch(() => {});
    throw new EnvelopeError('content: the schema answers with a promise; use one that checks at once');
  }
  if (!result.issues) return result.value;
  const [issue] = result.issues;
  throw new EnvelopeError(`${pathOf(issue)}: ${issue?.message ?? 'is wrong'}`);
}

function pathOf(issue: StandardIssue | undefined): string {
  const steps = (issue?.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
  return ['content', ...steps].join('.');
}

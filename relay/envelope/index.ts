export type { ContentSchema, ParsingSchema, StandardSchema } from './content.js';
export { openEnvelope, type ReceivedMessage, sealEnvelope } from './envelope.js';
export { EnvelopeError } from './error.js';
export * from './schema.js';

export { openEnvelope, sealEnvelope } from './envelope.js';
export { EnvelopeError } from './error.js';
export * from './schema.js';

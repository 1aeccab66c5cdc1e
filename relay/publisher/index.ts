export type { Readable } from '../client/observable.js';
export { encodeUser } from '../src/user-word.js';
export { type Body, EnvelopeBody, type EnvelopeFields, envelope } from './body.js';
export type { Receipt } from './call.js';
export { PublishError, type PublishErrorCode, type UserFailure } from './errors.js';
export type { Limits, OutboxOptions, PublisherOptions, PublishOptions, TlsOptions } from './options.js';
export { openPublisher, type Publisher } from './publisher.js';
export type { Request } from './reply.js';
export type { PublisherState } from './state.js';

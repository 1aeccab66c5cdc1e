import type { RequestHandler } from 'express';
import { GoingAwayError } from './errors.js';

/** How far a relay is on its way out. */
export class Departure {
  /** draining: whom it has, it serves, and nobody else; closing: only probes and goodbyes are left. */
  stage: 'serving' | 'draining' | 'closing' = 'serving';

  get isLeaving(): boolean {
    return this.stage !== 'serving';
  }

  /** @throws GoingAwayError when nobody is let in any more */
  admit(): void {
    if (this.isLeaving) throw new GoingAwayError();
  }

  /** For plain HTTP: the next request of whoever keeps a connection open may then reach another relay. */
  readonly letGo: RequestHandler = (_request, response, next) => {
    if (this.isLeaving) response.set('Connection', 'close');
    next();
  };

  /** For plain HTTP that needs the broker. */
  readonly refuse: RequestHandler = (_request, _response, next) => {
    if (this.stage === 'closing') throw new GoingAwayError();
    next();
  };
}

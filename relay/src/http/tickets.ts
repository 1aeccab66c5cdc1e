import { z } from 'zod';
import { TICKET_PATH } from '../auth/sources.js';
import type { Tickets } from '../auth/tickets.js';
import type { Departure } from '../departure.js';
import type { ClientOrigin, ClientOriginOf } from './client-address.js';
import { type Endpoint, endpoint, NO_FIELDS } from './endpoint.js';
import { HttpError } from './errors.js';

export interface TicketEndpointOptions {
  readonly departure: Departure;
  readonly tickets: Pick<Tickets, 'give'>;
  /** RELAY_TICKET_TIME, in milliseconds. */
  readonly time: number;
  /** RELAY_PUBLIC_URL; undefined = what the client asked for. */
  readonly publicUrl: string | undefined;
  readonly clientOrigin: ClientOriginOf;
}

/** The request with which a page gets an address to connect to, so that its token stands in no URL. */
export function ticketEndpoints(options: TicketEndpointOptions): Endpoint[] {
  const { departure, tickets, time, publicUrl, clientOrigin } = options;
  const give = endpoint({
    method: 'post',
    path: '/api/tickets',
    operationId: 'createTicket',
    summary: 'Get an address to open one WebSocket connection with',
    description:
      'The connection is signed in as the sender of this request, for as long as the token of this request is good. The ' +
      'address works once, at every relay.',
    body: NO_FIELDS,
    query: NO_FIELDS,
    answer: z.object({
      url: z.string().meta({
        description: 'A secret until it was used.',
        examples: ['wss://relay.example.com/socket/QYk2…'],
      }),
      expiresIn: z.int().min(0).meta({ description: 'Seconds within which to connect.' }),
    }),
    refusals: { 429: 'This user, or all users together, have too many tickets that were not used.' },
    async handle({ identity, response }) {
      // A ticket ends with the relay that gave it.
      departure.admit();
      const base = publicUrl ?? addressOf(clientOrigin(response.req));
      const left = (identity.expiresAt ?? Number.POSITIVE_INFINITY) - Date.now();
      return {
        url: base.replace(/^http/, 'ws').replace(/\/+$/, '') + TICKET_PATH + tickets.give(identity),
        expiresIn: Math.max(0, Math.floor(Math.min(time, left) / 1000)),
      };
    },
  });
  return [give];
}

function addressOf({ secure, host }: ClientOrigin): string {
  if (host !== undefined) return `${secure ? 'https' : 'http'}://${host}`;
  throw new HttpError(
    400,
    'ERR_BAD_REQUEST',
    'the request does not say by which host name the relay is reached; set RELAY_PUBLIC_URL',
  );
}

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PrivateSubscription } from '../../src/session/subscriptions.js';
import type { HeaderList } from '../../src/stomp/frame.js';
import type { PrivateEvents } from '../../src/upstream/private.js';
import { brokerMessage } from '../support/links.js';
import { asked, Rig } from './rig.js';

let rig: Rig;
let events: PrivateEvents;
/** Has the broker confirm the UNSUBSCRIBE. */
let confirm: () => void;
let unsubscribed: HeaderList[];

beforeEach(async () => {
  rig = new Rig();
  const { openPrivateLink } = rig.services;
  Object.assign(rig.services, {
    openPrivateLink: (name: string, given: PrivateEvents) => {
      events = given;
      return openPrivateLink(name, given);
    },
  });
  unsubscribed = [];
  vi.spyOn(rig.session.private.link, 'unsubscribe').mockImplementation((_id, headers, done) => {
    unsubscribed.push(headers);
    confirm = () => done?.();
  });
  await rig.connect();
  rig.frames.length = 0;
});
afterEach(() => rig.close());

const shaping = ['durable', 'true'];
const subscription = (id: string | undefined) =>
  new PrivateSubscription(asked('/topic/x'), '/topic/x', shaping, id);
const bodies = () => rig.frames.map(({ body }) => body.toString());

it('delivers nothing of a subscription that ends, and everything of the others', async () => {
  const ended = rig.session.private.end('s', subscription('s'));
  events.onMessage(brokerMessage(['subscription', 's', 'destination', '/topic/x'], 'secret'));
  events.onMessage(brokerMessage(['subscription', 's2', 'destination', '/topic/x'], 'other'));
  events.onMessage(brokerMessage(['subscription', '/temp-queue/s'], 'reply'));
  expect(bodies()).toEqual(['other', 'reply']);
  confirm();
  await ended;
  // The client may use the id again, for something that it may have.
  events.onMessage(brokerMessage(['subscription', 's', 'destination', '/topic/y'], 'again'));
  expect(bodies()).toEqual(['other', 'reply', 'again']);
});

it('knows a subscription of STOMP 1.0 without id by its destination', async () => {
  void rig.session.private.end('/topic/x', subscription(undefined));
  events.onMessage(brokerMessage(['destination', '/topic/x'], 'secret'));
  events.onMessage(brokerMessage(['destination', '/topic/y'], 'other'));
  expect(bodies()).toEqual(['other']);
});

it.each([
  ['s', ['id', 's']],
  [undefined, ['destination', '/topic/x']],
])('leaves the durable queue of %s where it is', (id, headers) => {
  void rig.session.private.end('s', subscription(id));
  expect(unsubscribed).toEqual([headers]);
});

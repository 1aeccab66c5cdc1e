import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BadgeSubscription } from '../../src/session/badge-subscription.js';
import { NoticeSubscription } from '../../src/session/notices.js';
import { TopicSubscription } from '../../src/session/subscriptions.js';
import { AcknowledgedUserSubscription, UserSubscription } from '../../src/session/user-subscriptions.js';
import { header } from '../../src/stomp/frame.js';
import { Rig } from '../session/rig.js';

let rig: Rig;

beforeEach(async () => {
  rig = new Rig();
  await rig.connect();
  rig.frames.length = 0;
});
afterEach(() => rig.close());

function subscribe(destination: string, ...headers: string[]): void {
  rig.send('SUBSCRIBE', ['id', 's', 'destination', destination, ...headers]);
}

const subscription = () => rig.session.subscriptions.get('s');
const code = () => header(rig.frames[0]?.headers ?? [], 'code');

describe('SUBSCRIBE', () => {
  it.each([
    ['/user/x', [], UserSubscription],
    ['/user/x', ['ack', 'auto'], UserSubscription],
    ['/user/x', ['ack', 'client'], AcknowledgedUserSubscription],
    ['/user/x', ['ack', 'client-individual'], AcknowledgedUserSubscription],
    ['/user/x', ['unread', 'replay'], UserSubscription],
    ['/user/x', ['unread', 'replay', 'ack', 'client'], AcknowledgedUserSubscription],
    ['/user/relay.unread', [], BadgeSubscription],
    ['/user/relay/unread', ['ack', 'auto'], BadgeSubscription],
    ['/user/relay.session', [], NoticeSubscription],
    ['/topic/x', [], TopicSubscription],
  ])('%s with %j', (destination, headers, kind) => {
    subscribe(destination, ...headers);
    expect(rig.frames).toEqual([]);
    expect(subscription()?.constructor).toBe(kind);
  });

  it.each([
    ['an acknowledged badge', '/user/relay.unread', ['ack', 'client']],
    ['a badge with replay', '/user/relay.unread', ['unread', 'replay']],
    ['another kind of unread', '/user/x', ['unread', 'true']],
    ['an empty one', '/user/x', ['unread', '']],
    ['replay of a topic', '/topic/x', ['unread', 'replay']],
    ['another kind of unread on a topic', '/topic/x', ['unread', 'no']],
  ])('refuses %s', (_, destination, headers) => {
    subscribe(destination, ...headers, 'receipt', 'r');
    expect([rig.commands, code()]).toEqual([['ERROR'], 'ERR_BAD_HEADER']);
    expect(header(rig.frames[0]?.headers ?? [], 'receipt-id')).toBe('r');
    expect(rig.transport.closed?.code).toBe(4400);
    expect(subscription()).toBeUndefined();
  });

  it.each(['/user/relay', '/user/relay.x'])('refuses %s, which is the relay’s own', (destination) => {
    subscribe(destination);
    expect(code()).toBe('ERR_DESTINATION_RESERVED');
  });
});

import { expect, it } from 'vitest';
import { OutboundMessage } from '../../src/outbound/message.js';
import { DISCONNECT } from '../../src/policy/slow.js';
import { TopicSubscription } from '../../src/session/subscriptions.js';
import { asked, Rig } from './rig.js';

it('lets a client answer where a message of a topic asked for it', async () => {
  const rig = new Rig();
  await rig.connect();
  const topic = new TopicSubscription(rig.session, 't', asked('/topic/x'), '/topic/x', DISCONNECT);
  const message = new OutboundMessage(['reply-to', '/reply-queue/amq.gen-2'], Buffer.alloc(0));
  const view = { subscription: 't', destination: '/topic/x', version: '1.2' } as const;
  topic.deliverShared(message.encode(view), message.replyTo);
  expect(rig.session.replies.has('/reply-queue/amq.gen-2')).toBe(true);
  expect(rig.session.replies.has('/reply-queue/amq.gen-3')).toBe(false);
  rig.close();
});

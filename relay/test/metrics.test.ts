import { expect, it } from 'vitest';
import { createMetrics } from '../src/metrics.js';
import { NOTHING_OBSERVED } from './support/observed.js';

it('shows what is observed at the moment somebody asks', async () => {
  let sessions = 1;
  const links = { users: true, topics: true };
  const metrics = createMetrics({
    ...NOTHING_OBSERVED,
    sessions: () => sessions,
    userRoutes: () => 3,
    topicFeeds: () => 4,
    linksUp: () => links,
    leases: () => 5,
    brokerAlarm: () => true,
    tickets: () => 6,
    revocations: () => 8,
  });
  const page = async () => (await metrics.registry.metrics()).split('\n');
  expect(await page()).toEqual(
    expect.arrayContaining([
      'relay_sessions 1',
      'relay_user_routes 3',
      'relay_topic_feeds 4',
      'relay_unread_leases 5',
      'relay_broker_alarm 1',
      'relay_tickets 6',
      'relay_revocations 8',
    ]),
  );
  sessions = 7;
  links.topics = false;
  expect(await page()).toEqual(
    expect.arrayContaining([
      'relay_sessions 7',
      'relay_link_up{link="users"} 1',
      'relay_link_up{link="topics"} 0',
    ]),
  );
});

it('counts deliveries once, however often it is asked', async () => {
  const metrics = createMetrics(NOTHING_OBSERVED);
  metrics.delivered.user = 5;
  metrics.delivered.topic = 7;
  await metrics.registry.metrics();
  const page = (await metrics.registry.metrics()).split('\n');
  expect(page).toEqual(
    expect.arrayContaining([
      'relay_messages_out_total{kind="user"} 5',
      'relay_messages_out_total{kind="topic"} 7',
      'relay_messages_out_total{kind="private"} 0',
    ]),
  );
});

it('counts frames by command, however often it is asked', async () => {
  const metrics = createMetrics(NOTHING_OBSERVED);
  for (const command of ['SEND', 'ACK', 'SEND']) metrics.countFrame(command);
  await metrics.registry.metrics();
  metrics.countFrame('SEND');
  const lines = (await metrics.registry.metrics()).split('\n');
  expect(lines.filter((line) => line.startsWith('relay_frames_in_total{')).sort()).toEqual([
    'relay_frames_in_total{command="ACK"} 1',
    'relay_frames_in_total{command="SEND"} 3',
  ]);
});

it('has a counter for whatever can happen to unread mail', async () => {
  const { unread, registry } = createMetrics(NOTHING_OBSERVED);
  for (const name of ['stored', 'rejected', 'taken', 'read', 'returned'] as const) unread[name].inc();
  for (const reason of ['worthless', 'expired', 'expired', 'maxlen']) unread.discarded.inc({ reason });
  const lines = (await registry.metrics()).split('\n').filter((line) => /^relay_unread_.*_total/.test(line));
  expect(lines.sort()).toEqual([
    'relay_unread_discarded_total{reason="expired"} 2',
    'relay_unread_discarded_total{reason="maxlen"} 1',
    'relay_unread_discarded_total{reason="worthless"} 1',
    'relay_unread_read_total 1',
    'relay_unread_rejected_total 1',
    'relay_unread_returned_total 1',
    'relay_unread_stored_total 1',
    'relay_unread_taken_total 1',
  ]);
});

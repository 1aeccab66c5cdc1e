import { expect, it } from 'vitest';
import { createMetrics } from '../src/metrics.js';

it('shows what is observed at the moment somebody asks', async () => {
  let sessions = 1;
  const links = { users: true, topics: true };
  const metrics = createMetrics({
    sessions: () => sessions,
    userRoutes: () => 3,
    topicFeeds: () => 4,
    linksUp: () => links,
  });
  const page = async () => (await metrics.registry.metrics()).split('\n');
  expect(await page()).toEqual(
    expect.arrayContaining(['relay_sessions 1', 'relay_user_routes 3', 'relay_topic_feeds 4']),
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
  const metrics = createMetrics({
    sessions: () => 0,
    userRoutes: () => 0,
    topicFeeds: () => 0,
    linksUp: () => ({}),
  });
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
  const metrics = createMetrics({
    sessions: () => 0,
    userRoutes: () => 0,
    topicFeeds: () => 0,
    linksUp: () => ({}),
  });
  for (const command of ['SEND', 'ACK', 'SEND']) metrics.countFrame(command);
  await metrics.registry.metrics();
  metrics.countFrame('SEND');
  const lines = (await metrics.registry.metrics()).split('\n');
  expect(lines.filter((line) => line.startsWith('relay_frames_in_total{')).sort()).toEqual([
    'relay_frames_in_total{command="ACK"} 1',
    'relay_frames_in_total{command="SEND"} 3',
  ]);
});

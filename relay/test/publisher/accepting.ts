import { openPublisher } from '../../publisher/index.js';

/**
 * A service that is killed: it tells the numbers of the messages that its outbox has accepted, one a line, and goes on until it
 * is killed. Arguments: URL of the broker, path of the outbox, the user, the first number.
 */
const [url = '', path = '', user = '', first = '0'] = process.argv.slice(2);
const publisher = await openPublisher({ url, outbox: { path }, retry: { first: 20, most: 100 } });
for (let number = Number(first); ; number += 50) {
  const group = Array.from({ length: 50 }, (_, index) => number + index);
  await Promise.all(
    group.map(async (one) => {
      await publisher.toUser(user, '/topic/reply', String(one), { messageId: `m-${one}` });
      process.stdout.write(`${one}\n`);
    }),
  );
}

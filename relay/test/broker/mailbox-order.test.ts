import { expect, it } from 'vitest';
import { MailboxOrder, type Taken } from '../../src/broker/mailbox-order.js';

class Page implements Taken {
  end = () => {};
  readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(public pending: number) {}
}

const turns = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

it('takes only when what was given back before is back', async () => {
  const order = new MailboxOrder<Page>();
  const first = new Page(2);
  await order.take('m', async () => first);
  first.pending = 0;
  let isTaken = false;
  const second = order.take('m', async () => {
    isTaken = true;
    return undefined;
  });
  await turns();
  expect(isTaken).toBe(false);
  first.end();
  await second;
  expect(isTaken).toBe(true);
});

it('waits for nobody who still holds something, nor for other mailboxes', async () => {
  const order = new MailboxOrder<Page>();
  await order.take('m', async () => new Page(2));
  await order.take('other', async () => new Page(0));
  const third = new Page(1);
  expect(await order.take('m', async () => third)).toBe(third);
});

it('lets one who takes after another wait for what that one gives back at once', async () => {
  const order = new MailboxOrder<Page>();
  const unwanted = new Page(1);
  let deliver = (_: Page) => {};
  const first = order.take('m', () => new Promise((resolve) => (deliver = resolve)));
  const steps: string[] = [];
  const second = order.take('m', async () => {
    steps.push('second');
    return undefined;
  });
  void first.then(async (page) => {
    if (!page) return;
    page.pending = 0;
    await turns();
    steps.push('back');
    page.end();
  });
  deliver(unwanted);
  await second;
  expect(steps).toEqual(['back', 'second']);
});

it('goes on after one who could not take', async () => {
  const order = new MailboxOrder<Page>();
  const failed = order.take('m', () => Promise.reject(new Error('away')));
  const page = new Page(1);
  const next = order.take('m', async () => page);
  await expect(failed).rejects.toThrow('away');
  expect(await next).toBe(page);
});

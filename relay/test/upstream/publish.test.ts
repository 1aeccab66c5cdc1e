import { describe, expect, it } from 'vitest';
import { createPublish, type PublishOptions } from '../../src/upstream/publish.js';
import type { SendDone } from '../../src/upstream/sends.js';
import { waitFor } from '../support/wait.js';

/** A link, as far as publishing looks at it, that confirms when the test says so. */
class FakeLink {
  up = true;
  /** How often it was looked at. */
  looks = 0;
  congested = false;
  readonly sent: { body: string; done: SendDone | undefined }[] = [];

  get ready(): boolean {
    this.looks++;
    return this.up;
  }

  send(_headers: string[], body: Buffer, done?: SendDone): void {
    this.sent.push({ body: body.toString(), done });
  }
}

function publishing(options: Partial<PublishOptions> = {}) {
  const link = new FakeLink();
  const alarm = { congested: false };
  const publish = createPublish({
    pickSendLink: () => link,
    alarm,
    wait: 60_000,
    highWater: 1000,
    ...options,
  });
  return { link, alarm, publish };
}

describe('publishing', () => {
  it('resolves with the confirm, not before', async () => {
    const { link, publish } = publishing();
    let done = false;
    const publication = publish([], Buffer.from('x')).then(() => {
      done = true;
    });
    await waitFor(() => link.sent.length === 1, { what: 'the message on the link' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    link.sent[0]?.done?.();
    await publication;
  });

  it.each<[string, (broken: boolean, link: FakeLink, alarm: { congested: boolean }) => void]>([
    [
      'the link is down',
      (broken, link) => {
        link.up = !broken;
      },
    ],
    [
      'the link has too much to carry',
      (broken, link) => {
        link.congested = broken;
      },
    ],
    [
      'the broker has an alarm',
      (broken, _link, alarm) => {
        alarm.congested = broken;
      },
    ],
  ])('waits while %s, and gives up without having sent anything', async (_what, set) => {
    const patient = publishing();
    set(true, patient.link, patient.alarm);
    const publication = patient.publish([], Buffer.from('x'));
    await waitFor(() => patient.link.looks >= 3, { what: 'three looks at the link' });
    expect(patient.link.sent).toEqual([]);
    set(false, patient.link, patient.alarm);
    await waitFor(() => patient.link.sent.length === 1, { what: 'the message on the link' });
    patient.link.sent[0]?.done?.();
    await publication;

    const impatient = publishing({ wait: 100 });
    set(true, impatient.link, impatient.alarm);
    await expect(impatient.publish([], Buffer.from('x'))).rejects.toMatchObject({
      code: 'ERR_BROKER_UNAVAILABLE',
      closure: 'brokerUnavailable',
    });
    expect(impatient.link.sent).toEqual([]);
  });

  it('says that it does not know when no confirm comes', async () => {
    const { publish } = publishing({ wait: 50 });
    await expect(publish([], Buffer.from('x'))).rejects.toMatchObject({ code: 'ERR_SEND_TIMEOUT' });
  });

  it('keeps no more in memory than it was told, and has room again afterwards', async () => {
    const { link, publish } = publishing();
    link.up = false;
    const waiting = publish([], Buffer.alloc(600));
    await expect(publish([], Buffer.alloc(600))).rejects.toMatchObject({ code: 'ERR_BROKER_UNAVAILABLE' });
    link.up = true;
    await waitFor(() => link.sent.length === 1, { what: 'the message on the link' });
    link.sent[0]?.done?.();
    await waiting;
    link.up = false;
    const next = publish([], Buffer.alloc(900));
    link.up = true;
    await waitFor(() => link.sent.length === 2, { what: 'the next message on the link' });
    link.sent[1]?.done?.();
    await next;
  });
});

import { openEnvelope, sealEnvelope } from 'stomp-relay/envelope';
import { describe, expect, it } from 'vitest';
import {
  NoAnswer,
  Refused,
  readAnswer,
  readFromAnyone,
  readFromService,
  sealRequest,
  sealSignal,
} from '../../src/session/messages.js';

const fromService = (businessType: string, content: unknown) =>
  sealEnvelope({
    sendType: 'user',
    messageType: 'reply',
    businessType,
    fromUniqueId: 'shop',
    toUniqueId: 'alice',
    fromClientType: 'service',
    content,
  });

describe('whom the page believes', () => {
  const body = fromService('notice', { id: 'n1' });

  it('takes what has no verified sender for a service', () => {
    expect(readFromService({ body, sender: undefined })?.content).toEqual({ id: 'n1' });
  });

  it('ignores what a user sent in the name of a service', () => {
    expect(readFromService({ body, sender: 'mallory' })).toBeUndefined();
    expect(() => readAnswer({ body, sender: 'mallory' })).toThrow(NoAnswer);
  });

  it('shows a user as whom the relay verified, whatever the body claims', () => {
    expect(readFromAnyone({ body, sender: 'mallory' })?.fromUniqueId).toBe('mallory');
  });

  it.each(['', 'no JSON', '{}', '[]', '{"content":1}'])('ignores a body that is no envelope: %j', (text) => {
    expect(readFromService({ body: text, sender: undefined })).toBeUndefined();
    expect(() => readAnswer({ body: text, sender: undefined })).toThrow(NoAnswer);
  });
});

describe('readAnswer', () => {
  it('gives the content', () => {
    expect(readAnswer({ body: fromService('prices.query', { total: 5 }), sender: undefined })).toEqual({
      total: 5,
    });
  });

  it('throws a refusal, with its reason and status', () => {
    const body = fromService('refused', { status: 409, message: 'Sold out.' });
    expect(() => readAnswer({ body, sender: undefined })).toThrow(
      expect.objectContaining({ name: 'Refused', message: 'Sold out.', status: 409 }),
    );
    expect(() => readAnswer({ body: fromService('refused', null), sender: undefined })).toThrow(Refused);
  });
});

describe('what the page sends', () => {
  it('asks a service by its destination', () => {
    const body = sealRequest('/app/prices.query', { product: 'cup' }, 'alice');
    expect(openEnvelope({ body, sender: undefined })).toMatchObject({
      sendType: 'service',
      messageType: 'request',
      businessType: 'prices.query',
      fromUniqueId: 'alice',
      toUniqueId: 'prices',
      fromClientType: 'web',
      content: { product: 'cup' },
    });
  });

  it('marks typing as a signal', () => {
    const body = sealSignal(
      { sendType: 'user', businessType: 'chat.typing', toUniqueId: 'bob', content: { typing: true } },
      'alice',
    );
    expect(openEnvelope({ body, sender: 'alice' })).toMatchObject({
      messageType: 'signal',
      toUniqueId: 'bob',
    });
  });
});

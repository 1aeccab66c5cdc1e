import { expect, test } from 'vitest';
import { commandRule, commandRules, LONGEST_COMMAND, missingHeader } from '../../src/stomp/commands.js';
import { EMPTY_BODY, type HeaderList } from '../../src/stomp/frame.js';

const frame = (command: string, headers: HeaderList) => ({ command, headers, body: EMPTY_BODY });

test('who sends what, and what may have a body', () => {
  const names = (test: (rule: ReturnType<typeof commandRules>[number]) => boolean) =>
    commandRules()
      .filter(test)
      .map((rule) => rule.name);
  expect(names((rule) => rule.sentBy === 'server')).toEqual(['CONNECTED', 'MESSAGE', 'RECEIPT', 'ERROR']);
  expect(names((rule) => rule.body)).toEqual(['SEND', 'MESSAGE', 'ERROR']);
  expect(names((rule) => !rule.escaped)).toEqual(['CONNECT', 'STOMP', 'CONNECTED']);
  expect(names((rule) => rule.since !== '1.0')).toEqual(['STOMP', 'NACK']);
  expect(LONGEST_COMMAND).toBe('UNSUBSCRIBE'.length);
});

test('commands are exact', () => {
  expect(commandRule('SEND')?.name).toBe('SEND');
  for (const name of ['send', 'SEND ', '', 'toString', '__proto__'])
    expect(commandRule(name)).toBeUndefined();
});

test('required headers by version', () => {
  expect(missingHeader(frame('ACK', []), '1.0')).toBe('message-id');
  expect(missingHeader(frame('ACK', ['message-id', '1']), '1.1')).toBe('subscription');
  expect(missingHeader(frame('ACK', ['message-id', '1']), '1.2')).toBe('id');
  expect(missingHeader(frame('ACK', ['id', '1']), '1.2')).toBeUndefined();
  expect(missingHeader(frame('SUBSCRIBE', ['destination', '/topic/a']), '1.0')).toBeUndefined();
  expect(missingHeader(frame('SUBSCRIBE', ['destination', '/topic/a']), '1.1')).toBe('id');
  expect(missingHeader(frame('SEND', ['x', 'destination']), '1.2')).toBe('destination');
  expect(missingHeader(frame('CONNECT', []), '1.2')).toBeUndefined();
});

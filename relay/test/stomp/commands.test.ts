import { expect, test } from 'vitest';
import { commandRule, commandRules, LONGEST_COMMAND } from '../../src/stomp/commands.js';

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

import { expect, it } from 'vitest';
import { commands } from '../../src/inbound/commands.js';
import { commandRules } from '../../src/stomp/commands.js';

const fromClients = commandRules().filter(({ sentBy }) => sentBy === 'client');

it('has a handler for every command that STOMP lets clients send, and for no other', () => {
  expect(Object.keys(commands).sort()).toEqual(fromClients.map(({ name }) => name).sort());
});

it('opens a connection with CONNECT and STOMP alone', () => {
  const opening = Object.keys(commands).filter((name) => commands[name]?.opens);
  expect(opening).toEqual(['CONNECT', 'STOMP']);
});

it('lets nothing that publishes overtake a SUBSCRIBE', () => {
  const waiting = Object.keys(commands).filter((name) => commands[name]?.publishes);
  expect(waiting).toEqual(['SEND', 'COMMIT']);
});

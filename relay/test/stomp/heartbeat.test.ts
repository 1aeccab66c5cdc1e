import { describe, expect, test } from 'vitest';
import { formatHeartBeat, negotiateHeartBeat, parseHeartBeat } from '../../src/stomp/heartbeat.js';

describe('the header', () => {
  test.each([
    [undefined, 0, 0],
    ['0,0', 0, 0],
    ['10000,5000', 10_000, 5_000],
    ['007,1', 7, 1],
    ['9999999999999999,2147483648', 2_147_483_647, 2_147_483_647],
  ])('%s', (value, send, receive) => {
    expect(parseHeartBeat(value)).toEqual({ send, receive });
  });

  test.each([
    '',
    '1',
    '1,',
    ',1',
    '1,2,3',
    '1, 2',
    ' 1,2',
    '-1,2',
    '+1,2',
    '1.5,2',
    '1e3,0',
    '1,2\n',
    '99999999999999999,0',
  ])('%j is refused', (value) => {
    expect(() => parseHeartBeat(value)).toThrow(expect.objectContaining({ code: 'ERR_BAD_HEARTBEAT' }));
  });

  test('written and read', () => {
    expect(parseHeartBeat(formatHeartBeat({ send: 1_000, receive: 0 }))).toEqual({ send: 1_000, receive: 0 });
  });
});

describe('negotiation takes the slower wish, each way for itself', () => {
  test.each([
    ['10000,10000', '5000,20000', 20_000, 10_000],
    ['0,10000', '10000,10000', 0, 10_000],
    ['10000,0', '10000,10000', 10_000, 0],
    ['10000,10000', '0,0', 0, 0],
    ['1,2', '3,4', 4, 3],
  ])('client %s, server %s', (client, server, clientToServer, serverToClient) => {
    expect(negotiateHeartBeat(parseHeartBeat(client), parseHeartBeat(server))).toEqual({
      clientToServer,
      serverToClient,
    });
  });
});

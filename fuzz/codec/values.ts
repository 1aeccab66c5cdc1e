import { ProtocolError } from '../../relay/src/errors.js';
import { readContentLength } from '../../relay/src/stomp/content-length.js';
import { formatHeartBeat, negotiateHeartBeat, parseHeartBeat } from '../../relay/src/stomp/heartbeat.js';
import { negotiateVersion } from '../../relay/src/stomp/version.js';
import { hostileNumber, hostileText } from '../gen/text.js';
import { chance, several } from '../seeds.js';
import { must, target, unlessRefused } from './target.js';

export const heartbeats = target<string, null>({
  name: 'heart-beat',
  weight: 3,
  make: (random) => ({
    input: chance(random, 0.8) ? `${hostileNumber(random)},${hostileNumber(random)}` : hostileText(random),
    setup: null,
  }),
  check(text) {
    const read = unlessRefused(ProtocolError, () => parseHeartBeat(text));
    must(
      (read !== undefined) === /^[0-9]{1,16},[0-9]{1,16}$/.test(text),
      'two numbers and nothing else are taken',
    );
    if (!read) return;
    const fits = (value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** 31;
    must(fits(read.send) && fits(read.receive), 'the times fit a timer');
    must(
      JSON.stringify(parseHeartBeat(formatHeartBeat(read))) === JSON.stringify(read),
      'it reads what it wrote',
    );
    const agreed = negotiateHeartBeat(read, { send: 1000, receive: 1000 });
    for (const time of [agreed.clientToServer, agreed.serverToClient]) {
      must(time === 0 || (time >= 1000 && fits(time)), 'nobody is made to beat faster than once a second');
    }
  },
});

export const versions = target<string, null>({
  name: 'accept-version',
  weight: 2,
  make: (random) => ({
    input: several(random, 4, () =>
      random.pick(['1.0', '1.1', '1.2', ' 1.2', '1.3', '', hostileText(random, 2)]),
    ).join(','),
    setup: null,
  }),
  check(text) {
    const version = unlessRefused(ProtocolError, () => negotiateVersion(text));
    const offered = ['1.2', '1.1', '1.0'].filter((one) =>
      text.split(',').some((part) => part.trim() === one),
    );
    must(version === offered[0], () => `${version} was chosen from ${JSON.stringify(offered)}`);
  },
});

export const contentLengths = target<string[], null>({
  name: 'content-length',
  weight: 3,
  make: (random) => ({
    input: several(random, 4, () => [
      chance(random, 0.8) ? 'content-length' : hostileText(random, 2),
      chance(random, 0.9) ? hostileNumber(random) : hostileText(random, 2),
    ]).flat(),
    setup: null,
  }),
  check(headers) {
    const length = unlessRefused(ProtocolError, () => readContentLength(headers));
    const values = headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === 'content-length');
    const capped = values.map((value) =>
      /^[0-9]+$/.test(value) ? Math.min(Number(value), Number.MAX_SAFE_INTEGER) : Number.NaN,
    );
    const expected =
      values.length === 0 ? -1 : capped.every((one) => one === capped[0]) ? capped[0] : undefined;
    must(length === expected, () => `${length} instead of ${expected}`);
  },
});

import { tokenFromConnect, tokenFromUpgrade, type UpgradeRequest } from '../../relay/src/auth/sources.js';
import { checkOrigin, chooseSubprotocol, mayUseCookies, redactUrl } from '../../relay/src/handshake.js';
import { hostileText, hostileValue } from '../gen/text.js';
import { chance, several, weighted } from '../seeds.js';
import { must, target } from './target.js';

const MARK = 'eyJtoken';

/** Where a token is looked for in CONNECT; nothing else may count as one. */
export const connectTokens = target<string[], null>({
  name: 'tokens in CONNECT',
  weight: 3,
  make: (random) => ({
    input: several(random, 5, () => [
      random.pick([
        'Authorization',
        'authorization',
        'X-Auth-Token',
        'X-Authorization',
        'passcode',
        'login',
        hostileText(random, 2),
      ]),
      weighted(random, [
        [
          3,
          () =>
            `${random.pick(['Bearer ', 'bearer\t', 'BEARER', 'Basic ', 'basic', '', '  '])}${MARK}${hostileText(random, 2)}`,
        ],
        [1, () => hostileValue(random)],
      ])(),
    ]).flat(),
    setup: null,
  }),
  check(headers) {
    const found = tokenFromConnect(headers);
    if (!found) return;
    must(found.token !== '' && found.token === found.token.trim(), 'a token has no space around it');
    must(!/^(basic|bearer)\s/i.test(found.token), 'a scheme is no part of a token');
    const carriers = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === found.source);
    must(
      carriers.some((value) => value.replace(/\s+/g, ' ').includes(found.token.replace(/\s+/g, ' '))),
      'it was in the header that is named',
    );
  },
});

interface Upgrade {
  cookies: boolean;
}

/** The same at the handshake, and what is done with its other headers. */
export const upgradeTokens = target<string[], Upgrade>({
  name: 'tokens at the handshake',
  weight: 3,
  make(random) {
    const noise = () => hostileText(random, 3).replace(/[\r\n\0]/g, '');
    const value = () =>
      weighted(random, [
        [2, () => MARK],
        [1, () => `${MARK}${noise()}`],
        [1, noise],
        [1, () => ''],
      ])();
    return {
      input: [
        chance(random, 0.3) ? `${random.pick(['Bearer ', 'bearer  ', 'Basic ', ''])}${value()}` : '',
        chance(random, 0.4)
          ? `v12.stomp, ${random.pick(['bearer.', 'Bearer.', 'bearer'])}${value()}${noise()}`
          : noise(),
        `/ws${random.pick(['?', '', '??', '#?'])}${random.pick(['access_token=', 'token=', 'ticket=', ''])}${value()}&${noise()}`,
        chance(random, 0.5)
          ? `a=b; relay_token=${random.pick(['', '"', '%22'])}${value()}; relay_token=x${noise()}`
          : noise(),
        random.pick([
          '',
          'null',
          'https://example.com',
          'http://localhost',
          'https://example.com.evil.test',
          noise(),
        ]),
      ],
      setup: { cookies: chance(random, 0.5) },
    };
  },
  check([authorization = '', protocols = '', url = '', cookie = '', origin = ''], { cookies }) {
    const headers = { authorization, 'sec-websocket-protocol': protocols, cookie, origin, host: 'localhost' };
    const request: UpgradeRequest = { headers, url };
    const found = tokenFromUpgrade(request, { cookiesAllowed: cookies });
    if (found) {
      const trimmed = found.token.trim() === found.token || found.source === 'sub-protocol';
      must(found.token !== '' && trimmed, 'a token has no space around it');
      must(found.source !== 'cookie' || cookies, 'a cookie counts only where cookies may be used');
    }
    const inQuery = found?.source === 'access_token' || found?.source === 'token';
    must(!inQuery || !redactUrl(url).includes(MARK), () => `no token in ${redactUrl(url)}`);
    const verdict = checkOrigin(headers, ['https://example.com']);
    const known = ['https://example.com', 'http://localhost'].includes(origin);
    must(known || !mayUseCookies(verdict), 'a foreign page uses no cookies');
    const chosen = chooseSubprotocol(new Set(protocols.split(',').map((one) => one.trim())));
    must(
      chosen === undefined || ['v12.stomp', 'v11.stomp', 'v10.stomp'].includes(chosen),
      'a token is never told back',
    );
  },
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lint } from '../../../src/policy/lint/lint.js';
import { loadRules } from '../../../src/policy/load.js';

const OPTIONS = { rolesClaim: 'roles', tenantClaim: 'tenant' };

/** Warnings as `line:column message`; the first line of the rules is line 3. */
function warnings(yaml: string): string[] {
  const found = lint(loadRules(`version: 1\nrules:\n${yaml}\n`, 'access.yaml', OPTIONS), OPTIONS);
  return found.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('what changes nothing', () => {
  it.each([
    [
      'a deny of everybody',
      '  - send: /app/a.#\n  - deny: true\n    send: /app/#',
      /^3:11 "\/app\/a\.#" never matches: line 5/,
    ],
    [
      'a deny of the same placeholder',
      '  - send: "/topic/{x}.a"\n  - deny: true\n    send: "/topic/{x}.#"',
      /^3:11 .* never matches/,
    ],
    [
      'a claim that must be absent',
      '  - send: "/app/{x}"\n    when: {x: {exists: false}}',
      /^3:11 .*\{x\} is absent or no word/,
    ],
    [
      'a claim that is no word',
      '  - send: "/app/{x}"\n    when: {x: [a.b, "#"]}',
      /^3:11 .*\{x\} is absent or no word/,
    ],
    ['a list for a placeholder', '  - send: "/app/{roles}"', /^3:11 .*\{roles\} is a list/],
    ['a URL for a placeholder', '  - send: "/app/{iss}"', /^3:11 .*\{iss\} is a URL/],
    [
      'a rule before it',
      '  - send: /app/#\n  - send: /app/a\n    when: {x: 1}',
      /^4:11 "\/app\/a" adds nothing: line 3 covers/,
    ],
    [
      'the same rule before it',
      '  - name: first\n    send: /app/a\n    roles: x\n  - send: /app/a\n    roles: x',
      /^6:11 .*line 4 \(first\)/,
    ],
    ['another pattern of its rule', '  - send: [/app/a.b, /app/a.#]', /^3:12 "\/app\/a.b" adds nothing/],
    ['itself', '  - send: [/app/a, /app/a]', /^3:20 "\/app\/a" adds nothing/],
    [
      'a deny before it',
      '  - deny: true\n    send: /app/#\n  - deny: true\n    roles: x\n    send: /app/a',
      /^7:11 "\/app\/a" adds nothing/,
    ],
  ])('is told: %s', (_name, yaml, message) => {
    expect(warnings(yaml)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    ['a deny of some', '  - send: /app/a.#\n  - deny: true\n    roles: guest\n    send: /app/#'],
    ['a deny of a part', '  - send: /app/#\n  - deny: true\n    send: /app/a'],
    ['a deny of another placeholder', '  - send: "/topic/{x}.a"\n  - deny: true\n    send: "/topic/{y}.a"'],
    ['a deny of the other action', '  - subscribe: /topic/a\n  - deny: true\n    send: /topic/a'],
    ['a claim with one value that fits', '  - send: "/app/{x}"\n    when: {x: [a.b, c]}'],
    ['any claim for a user', '  - send: "/user/{x}/a"\n    when: {x: a.b}'],
    ['a rule for others before it', '  - send: /app/#\n    roles: x\n  - send: /app/a'],
    [
      'a rule that grants more',
      '  - subscribe: /queue/a.#\n  - subscribe: /queue/a.b\n    headers: auto-delete',
    ],
    ['a wider rule after it', '  - send: /app/a\n    roles: x\n  - send: /app/#\n    roles: y'],
  ])('is not: %s', (_name, yaml) => {
    expect(warnings(yaml)).toEqual([]);
  });
});

describe('a door that stands open to everybody', () => {
  it.each([
    ['  - subscribe: /topic/#', /^3:16 .*every topic/],
    ['  - send: /queue/#', /^3:11 .*every queue/],
    ['  - subscribe: /amq/queue/#', /every queue/],
    ['  - send: /user/*/#', /everything of every user/],
    ['  - subscribe: /exchange/#/a', /every exchange/],
    ['  - subscribe: /exchange/logs/#', /all of an exchange/],
    ['  - send: /reply-queue/#', /every reply queue/],
    ['  - subscribe: /queue/a\n    headers: durable', /^3:5 .*durable queues/],
    ['  - subscribe: /queue/a\n    headers: {durable: true, x-expires: {max: 5}}', /durable queues/],
    ['  - subscribe: /queue/a\n    headers: x-queue-name', /^3:5 .*choose the names of queues/],
    ['  - manage: sessions', /^3:5 .*manage sessions/],
  ])('is told: %s', (yaml, message) => {
    expect(warnings(yaml)).toEqual([expect.stringMatching(message)]);
    expect(warnings(`${yaml}\n    roles: admin`)).toEqual([]);
    expect(warnings(`${yaml}\n    when: {tenant: acme}`)).toEqual([]);
  });

  it.each([
    '  - subscribe: /topic/public.#',
    '  - send: [/user/*/topic/#, /app/#, /temp-queue/*]',
    '  - subscribe: /exchange/logs/public.#',
    '  - subscribe: /queue/a\n    headers: {x-queue-name: [a, b], auto-delete: true}',
    '  - deny: true\n    subscribe: /topic/#',
    '  - deny: true\n    manage: sessions',
  ])('is not: %s', (yaml) => {
    expect(warnings(yaml)).toEqual([]);
  });
});

describe('another door to what is denied', () => {
  const door = (deny: string, allow: string, more = '') =>
    warnings(`  - deny: true\n    subscribe: ${deny}\n  - roles: x\n    subscribe: ${allow}\n${more}`);

  it.each([
    ['/topic/audit.#', '/exchange/amq.topic/audit.login'],
    ['/topic/audit.#', '/exchange/amq.topic/#'],
    ['/topic/audit.#', '/exchange/*.topic/audit.#'],
    ['/exchange/amq.topic/audit.#', '/topic/#'],
    ['/queue/secret', '/amq/queue/secret'],
    ['/amq/queue/secret.#', '/queue/*.x'],
  ])('is told: %s, %s', (deny, allow) => {
    expect(door(deny, allow)).toEqual([expect.stringContaining(`4:16 "${deny}" denies what "${allow}"`)]);
  });

  it.each([
    ['/topic/audit.#', '/exchange/amq.topic/news.#', ''],
    ['/topic/audit.#', '/exchange/logs/audit.#', ''],
    ['/topic/a', '/queue/a', ''],
    ['/topic/audit.#', '/exchange/amq.topic/#', '  - deny: true\n    subscribe: /exchange/amq.topic/audit.#'],
    ['/queue/secret', '/amq/queue/secret', '  - deny: true\n    subscribe: /amq/queue/secret'],
  ])('is not: %s, %s%s', (deny, allow, more) => {
    expect(door(deny, allow, more).filter((each) => each.includes('same messages'))).toEqual([]);
  });

  it('is only shut for whom it is denied', () => {
    const shut = '  - deny: true\n    roles: guest\n    subscribe: /exchange/amq.topic/audit.#';
    expect(door('/topic/audit.#', '/exchange/amq.topic/#', shut)).toEqual([
      expect.stringContaining('same messages'),
    ]);
  });
});

describe('the line between tenants', () => {
  const beside = (pattern: string, more = '') =>
    warnings(`  - subscribe: "/topic/tenant.{tenant}.#"\n  - subscribe: ${pattern}${more}`);

  it.each(['/topic/tenant.*.news', '/topic/tenant.acme.#', '/topic/tenant.#'])(
    'is crossed by %s',
    (pattern) => {
      expect(beside(pattern)).toEqual([expect.stringMatching(/^4:16 .*line 3 keeps apart by \{tenant\}/)]);
      expect(beside(pattern, '\n    roles: support')).toEqual([]);
    },
  );

  it.each(['/topic/public.#', '/topic/tenants', '"/topic/tenant.{tenant}"', '/queue/tenant.acme'])(
    'is not by %s',
    (pattern) => {
      expect(beside(pattern).filter((each) => each.includes('keeps apart'))).toEqual([]);
    },
  );

  it('leaves rooms beside the tenants’ alone, unless they are wildcards', () => {
    const first = (pattern: string) =>
      warnings(`  - subscribe: ["/topic/{tenant}.#", ${pattern}]`).map((each) =>
        each.includes('keeps apart'),
      );
    expect([first('/topic/public.#'), first('/topic/*.news')]).toEqual([[], [true]]);
  });

  it('is where the settings say', () => {
    const text = 'version: 1\nrules:\n  - subscribe: ["/topic/t.{org}.#", "/topic/t.*.x"]';
    const options = { ...OPTIONS, tenantClaim: 'org' };
    expect(lint(loadRules(text, 'x'), OPTIONS)).toEqual([]);
    expect(lint(loadRules(text, 'x'), options)).toHaveLength(1);
  });
});

it('the shipped example is told of its durable subscriptions only', () => {
  const text = readFileSync(new URL('../../../access.example.yaml', import.meta.url), 'utf8');
  const found = lint(loadRules(text, 'access.example.yaml'), OPTIONS);
  expect(found.map(({ message }) => message)).toEqual([
    expect.stringContaining('durable queues'),
    expect.stringContaining('durable queues'),
  ]);
});

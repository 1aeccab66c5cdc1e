import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyError } from '../../src/policy/errors.js';
import { loadPolicy } from '../../src/policy/load.js';

/** The problems of a file as `line:column message`. */
function problemsOf(text: string): string[] {
  try {
    loadPolicy(text, 'access.yaml');
  } catch (error) {
    if (error instanceof PolicyError) return error.problems.map((p) => `${p.line}:${p.column} ${p.message}`);
    throw error;
  }
  return [];
}

/** The one problem of a file with this rule; its first line is line 3. */
function problemOf(rule: string): string {
  const problems = problemsOf(`version: 1\nrules:\n${rule}\n`);
  expect(problems).toHaveLength(1);
  return problems[0] ?? '';
}

describe('an access file', () => {
  it('may be as small as this', () => {
    expect(problemsOf('version: 1\nrules: []\n')).toEqual([]);
    expect(problemsOf('\ufeffversion: 1\r\nrules:\r\n  - send: /app/#  # comment\r\n')).toEqual([]);
  });

  it.each([
    ['', /^1:1 the file is empty/],
    ['# only a comment\n', /^1:1 the file is empty/],
    ['hello', /^1:1 an access file must be a mapping .* not a string/],
    ['rules: []', /^1:1 "version: 1" is missing/],
    ['version: 2\nrules: []', /^1:10 this relay reads "version: 1" only/],
    ['version: "1"\nrules: []', /^1:10 this relay reads "version: 1" only/],
    ['version: 1', /^1:1 "rules:" is missing/],
    ['version: 1\nrules:', /^2:1 "rules" has no value/],
    ['version: 1\nrules: /app/#', /^2:8 rules must be a list/],
    ['version: 1\nrules: []\nrule: []', /^3:1 an access file has no key "rule".*did you mean "rules"\?/],
    ['version: 1\nrules: []\nrules: []', /^3:1 this key is there twice/],
    ['version: 1\nrules: []\n---\nversion: 1', /^3:1 a second document begins here/],
    ['version: 1\n\trules: []', /^2:1 not YAML here/],
    ['version: 1\nrules: "x', /^2:/],
    ['version: 1\nrules: []\n1: x', /^3:1 an access file has a key that is no string/],
  ])('is refused as %j', (text, message) => {
    const [first] = problemsOf(text);
    expect(first).toMatch(message);
  });

  it('tells every problem at once, in order, as file:line:column', () => {
    const text =
      'version: 1\nrules:\n  - sned: /app/a\n  - send: app\n  - subscribe: /topic/a..b\n    headers: durabel\n';
    let thrown: unknown;
    try {
      loadPolicy(text, 'dir/access.yaml');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(PolicyError);
    const lines = thrown instanceof PolicyError ? thrown.message.split('\n') : [];
    expect(lines.map((line) => line.split(': ')[0])).toEqual([
      'dir/access.yaml:3:5',
      'dir/access.yaml:3:5',
      'dir/access.yaml:4:11',
      'dir/access.yaml:5:16',
      'dir/access.yaml:6:14',
    ]);
    expect(lines[0]).toContain('did you mean "send"?');
    expect(lines[4]).toContain('did you mean "durable"?');
  });

  it('ends in a policy or a PolicyError, whatever is in it', () => {
    const part = fc.constantFrom(
      ...[
        'version: 1\n',
        'rules:\n',
        '  - ',
        'send: ',
        'subscribe: ',
        '/topic/a',
        '/user/{',
        '}',
        '[',
        ']',
        '{',
        ',',
        '\n',
        '    ',
      ],
      ...[
        'when: ',
        'deny: true',
        'headers: durable',
        '*a',
        '&a ',
        '!!binary ',
        '"',
        "'",
        '#',
        ': ',
        '? ',
        '|\n',
        '~',
        '---\n',
        '\0',
        '<<: ',
      ],
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
        for (const problem of problemsOf(`version: 1\nrules:\n  - ${parts.join('')}`))
          expect(problem).toMatch(/^[1-9]\d*:[1-9]\d* \S/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a rule', () => {
  it.each([
    ['  - hello', /^3:5 a rule must be a mapping/],
    ['  -', /^3:4 rules has an empty item/],
    ['  - name: x', /^3:5 this rule says nothing/],
    ['  - send:', /^3:5 "send" has no value/],
    ['  - send: []', /^3:11 "send" has no patterns/],
    ['  - send: 7', /^3:11 a destination pattern must be a string, not the number 7/],
    ['  - send: [[/app/a]]', /^3:12 a destination pattern must be a string, not a list/],
    ['  - name: 5\n    send: /app/a', /^3:11 name must be a string, not the number 5/],
    ['  - deny: false\n    send: /app/a', /^3:11 a rule allows unless/],
    ['  - deny: yes\n    send: /app/a', /^3:11 deny must be true or false, not a string/],
    ['  - deny: true\n    send: /app/a\n    headers: durable', /^5:14 a rule that denies grants no headers/],
    ['  - send: &x /app/a\n  - send: *x', /^4:11 anchors and aliases are not supported/],
    ['  - send: /app/a\n    headers: destination', /^4:14 "destination" is no header that a rule can grant/],
    ['  - send: /app/a\n    headers: [Durable]', /^4:15 .*did you mean "durable"\?/],
    ['  - send: /app/a\n    send: /app/b', /^4:5 this key is there twice/],
    ['  - send: [ /topic/{x}.a ]', /in quotes/],
    ['  - send: /app/a\n    roles: 7', /^4:12 a role must be a string, not the number 7/],
    ['  - send: /app/a\n    roles: []', /^4:12 "roles" has no names/],
    ['  - send: /app/a\n    roles: {admin: true}', /^4:12 a role must be a string, not a mapping/],
    ['  - send: /app/a\n    role: admin', /^4:5 a rule has no key "role".*did you mean "roles"\?/],
    ['  - manage: session', /^3:13 "session" is nothing .*did you mean "sessions"\?/],
    ['  - manage: []', /^3:13 "manage" has no names/],
    ['  - manage: {sessions: true}', /^3:13 what may be managed must be a string, not a mapping/],
    ['  - manage: sessions\n    headers: durable', /^4:14 headers go with destinations/],
    ['  - send: /app/a\n    headers: {durabel: any}', /^4:15 "durabel".*did you mean "durable"\?/],
    ['  - send: /app/a\n    headers: {x-expires: }', /^4:15 "x-expires" has no value/],
    ['  - send: /app/a\n    headers: {x-expires: []}', /^4:26 x-expires may have no value at all/],
    ['  - send: /app/a\n    headers: {x-expires: {}}', /^4:26 x-expires has no bounds/],
    ['  - send: /app/a\n    headers: {x-expires: {maximum: 5}}', /no key "maximum"/],
    [
      '  - send: /app/a\n    headers: {x-expires: {max: -5}}',
      /^4:32 max of x-expires must be a whole number/,
    ],
    [
      '  - send: /app/a\n    headers: {x-expires: {max: "5"}}',
      /^4:32 max of x-expires must be a whole number/,
    ],
    ['  - send: /app/a\n    headers: {x-expires: {min: 5, max: 4}}', /^4:26 no value of x-expires/],
    ['  - send: /app/a\n    headers: {durable: {max: 5}}', /^4:24 durable takes no number/],
    ['  - send: /app/a\n    headers: {x-queue-name: [[a]]}', /must be a string, a number, true or false/],
  ])('is refused as %j', (rule, message) => {
    const [first] = problemsOf(`version: 1\nrules:\n${rule}\n`);
    expect(first).toMatch(message);
  });
});

describe('a condition', () => {
  it.each([
    ['{}', /has no conditions/],
    ['admin', /when must be a mapping/],
    ['{role: []}', /can never hold/],
    ['{role: null}', /"role" has no value/],
    ['{role: [[a]]}', /must be a string, a number, true or false, not a list/],
    ['{role: {is: admin}}', /no key "is"/],
    ['{role: {exists: true, not: a}}', /a condition is/],
    ['{role: {exists: maybe}}', /exists must be true or false/],
    ['{role: {not: {not: a}}}', /no key "not"/],
  ])('is refused as %s', (when, message) => {
    expect(problemsOf(`version: 1\nrules:\n  - send: /app/a\n    when: ${when}\n`).join('\n')).toMatch(
      message,
    );
  });
});

describe('a pattern', () => {
  it.each([
    ['send', 'topic/a', /must begin with one of/],
    ['send', '/topics/a', /did you mean "\/topic\/"\?/],
    ['send', '/Topic/a', /did you mean "\/topic\/"\?/],
    ['send', '/amq/a', /no known destination/],
    ['send', '/topic', /incomplete.*\/topic\/#/],
    ['send', '/topic/', /incomplete/],
    ['send', '/topic/a/b', /"\." instead of "\/"/],
    ['send', '/topic/a..b', /empty word/],
    ['send', '/topic/a*', /wildcard inside the word/],
    ['send', '/topic/a%2Fb', /has a "%"/],
    ['send', '/topic/a, /topic/b', /one pattern per list item/],
    ['send', '/app/', /empty word/],
    ['send', '/user/*', /incomplete/],
    ['send', '/user/#/x', /must name one user, or "\*"/],
    ['send', '/user/a*/x', /must name one user/],
    ['send', '/user//x', /must name one user/],
    ['send', '/user/%zz/x', /broken percent escape/],
    ['send', '/user/%00/x', /control characters/],
    ['send', '/exchange/x/a/b', /too many slashes/],
    ['send', '/exchange/', /empty word/],
    ['send', '/exchange/relay.user/#', /reserved/],
    ['send', '/queue/relay.#', /reserved/],
    ['send', '/amq/queue/stomp-subscription-x', /reserved/],
    ['send', `/topic/\${x}`, /without the "\$"/],
    ['send', '/topic/{{x}}', /cannot be read/],
    ['send', '/topic/{x', /cannot be read/],
    ['send', '/topic/x}', /cannot be read/],
    ['send', '/topic/{a}-{b}', /at most one in a word/],
    ['send', '/topic/{}', /placeholder "\{\}"/],
    ['send', '/topic/{1a}', /placeholder/],
    ['subscribe', '/user/topic/#', /not needed/],
    ['subscribe', '/app/#', /move it to "send"/],
    ['subscribe', '/reply-queue/#', /move it to "send"/],
    ['send', `/topic/${'x'.repeat(1024)}`, /longer than/],
  ])('is refused: %s %s', (action, pattern, message) => {
    const problem = problemOf(`  - ${action}: ${JSON.stringify(pattern)}`);
    expect(problem).toMatch(message);
    expect(problem).toMatch(action === 'send' ? /^3:11 / : /^3:16 /);
  });

  it.each([
    '/topic/#',
    '/topic/{https://example.com/tenant}.x',
    '/topic/a-{b.c}-d',
    '/user/*/#',
    '/user/{sub}/topic/#',
    '/reply-queue/#',
    '/exchange/x',
    '/exchange/x/#',
    '/temp-queue/*',
    '/amq/queue/a.*',
  ])('is taken: %s', (pattern) => {
    expect(problemsOf(`version: 1\nrules:\n  - send: ${JSON.stringify(pattern)}\n`)).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CHECKS } from '../../src/doctor/checks.js';
import { CODES } from '../../src/doctor/codes.js';
import { found, measured, unchecked } from '../../src/doctor/finding.js';
import { reportOf, reportText } from '../../src/doctor/report.js';
import { command } from '../../src/doctor/shell.js';

const result = (check: string, ...told: Parameters<typeof reportOf>[0][number]['told']) => ({
  check,
  about: check,
  told,
});

it('tells errors first, with why and fix, what was not checked by reason, and the sum', () => {
  const report = reportOf([
    result('amqp', measured('broker', 'RabbitMQ 4'), found('DOC_GUEST', 'guest it is', 'another user')),
    result('clock', found('DOC_CLOCK_WRONG', 'an hour off', 'ntp'), unchecked('the moon', 'it is day')),
    result('limits', unchecked('the stars', 'it is day')),
  ]);
  expect(reportText(report)).toBe(
    [
      'broker: RabbitMQ 4',
      '',
      'error    DOC_CLOCK_WRONG',
      '  what  an hour off',
      `  why   ${CODES.DOC_CLOCK_WRONG.why}`,
      '  fix   ntp',
      '',
      'warning  DOC_GUEST',
      '  what  guest it is',
      `  why   ${CODES.DOC_GUEST.why}`,
      '  fix   another user',
      '',
      'not checked: the moon, the stars – it is day',
      '',
      '1 error, 1 warning, 0 notes',
    ].join('\n'),
  );
});

it('tells once what two checks come upon, and twice what one check finds twice', () => {
  const full = (what: string) => found('DOC_CONNECTIONS_FULL', what, 'the same fix');
  const { findings } = reportOf([result('amqp', full('a'), full('b')), result('limits', full('c'))]);
  expect(findings.map(({ what }) => what)).toEqual(['a', 'b']);
});

it('cannot be led astray by the names of things', () => {
  const name = '\u001b[2J\r\nerror forged\u009b31m\u202e';
  const text = reportText(reportOf([result('x', found('DOC_GUEST', name, command('rm', name)))]));
  expect(text.split('\n').join()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text).not.toMatch(/^error/m);
});

it('has no finding that docs/doctor.md does not explain, nor a check that it does not name', () => {
  const document = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');
  const rows = [...document.matchAll(/^\| `(DOC_\w+)` \| (\w+) \|/gm)].map(([, code, level]) => [
    code,
    level,
  ]);
  expect(rows).toEqual(Object.entries(CODES).map(([code, { level }]) => [code, level]));
  for (const { name } of CHECKS) expect(document).toContain(`\`${name}\``);
});

import { expect, it } from 'vitest';
import { secureChunk } from '../../../src/transport/sockjs/htmlfile.js';

const written = (payload: string) => `<script>\np(${JSON.stringify(payload)});\n</script>\r\n`;

it.each(['a["plain"]', 'a["</script><script>alert(1)</script>"]', 'a["<!--<script>"]', 'a["</SCRIPT "]'])(
  'a message stays inside of its script: %s',
  (payload) => {
    const safe = secureChunk(written(payload), 'n0');
    const inner = /^<script nonce="n0">\np\((.*)\);\n<\/script>\r\n$/s.exec(safe)?.[1] ?? '';
    expect(inner).not.toContain('<');
    expect(JSON.parse(inner)).toBe(payload);
  },
);

it('what looks like no message is not written', () => {
  expect(secureChunk('<b>hello</b>', 'n0')).toBe('<script nonce="n0">\n\n</script>\r\n');
});

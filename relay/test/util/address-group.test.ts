import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressGroup } from '../../src/util/address-group.js';

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['unknown', 'unknown'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['1::2:3:4:5:6', '1:0:0:2::/64'],
  ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ['::192.0.2.7', '0:0:0:0::/64'],
])('of %s is %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});

const groups = (length: number) =>
  fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: length,
    maxLength: length,
  });

it('is the same for two addresses exactly when their first 64 bits are', () => {
  const spelled = (parts: number[]) =>
    new SocketAddress({ family: 'ipv6', address: parts.map((part) => part.toString(16)).join(':') }).address;
  fc.assert(
    fc.property(groups(4), groups(4), groups(4), groups(4), (one, other, tail, otherTail) => {
      const group = addressGroup(spelled([...one, ...tail]));
      expect(addressGroup(spelled([...one, ...otherTail]))).toBe(group);
      const differs = one.some((part, index) => part !== other[index]);
      expect(addressGroup(spelled([...other, ...tail])) !== group).toBe(differs);
    }),
  );
});

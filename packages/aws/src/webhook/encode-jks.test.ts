import { createHash } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { encodeJks } from './encode-jks.ts';

/** That a JVM reads it is shown in sdk.aws.test.ts. */
test('a trust store has a head, its certificates, and a digest over the password and all before it', () => {
  const store = encodeJks(rootCertificates.slice(0, 2), 1_700_000_000_000);
  expect(store.subarray(0, 12).toString('hex')).toBe('feedfeed0000000200000002');
  expect(store.subarray(12, 22).toString('hex')).toBe(`00000002${'0004'}${Buffer.from('ca-0').toString('hex')}`);
  const password = Buffer.concat([0x63, 0x68, 0x61, 0x6e, 0x67, 0x65, 0x69, 0x74].map((letter) => Buffer.from([0, letter])));
  const digest = createHash('sha1').update(password).update('Mighty Aphrodite').update(store.subarray(0, -20)).digest('hex');
  expect(store.subarray(-20).toString('hex')).toBe(digest);
});

import { silentLogger } from '@nm/core';
import { expect, test } from 'vitest';
import { warnOfRights } from './rights.ts';

const WITH = 'Name:\tnode\nCapPrm:\t0000000000000000\nCapEff:\t0000000000082000\n';
const WITHOUT = WITH.replace('82000', '02000');

test.each([
  ['nothing is denied', WITHOUT, 0, []],
  ['the right is missing', WITHOUT, 9, ['add the capability SYS_PTRACE']],
  ['nothing is known of rights', '', 1, ['add the capability SYS_PTRACE']],
  ['one process is protected', WITH, 1, []],
  ['a security module denies', WITH, 9, ['AppArmor']],
])('%s', (_name, status, denied, expected) => {
  const warned: string[] = [];
  warnOfRights({ ...silentLogger, warn: (message: string) => void warned.push(message) }, { denied, processes: 10 }, status);
  expect(warned).toEqual(expected.map((text) => expect.stringContaining(text)));
});

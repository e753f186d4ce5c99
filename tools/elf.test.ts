import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeElfNeeds } from './elf.ts';

const PT_INTERP = 3;

/** An ELF header and one program header. */
function elf({ type = PT_INTERP, offset = 120, bytes = 0, rest = '' }): Buffer {
  const file = Buffer.alloc(120);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(type, 64);
  file.writeBigUInt64LE(BigInt(offset), 72);
  file.writeBigUInt64LE(BigInt(bytes), 96);
  return Buffer.concat([file, Buffer.from(rest)]);
}

describe.runIf(process.platform === 'linux')('the program that runs this test', () => {
  test('needs what ldd says', () => {
    const { interpreter = '', libraries } = decodeElfNeeds(readFileSync(process.execPath));
    const said = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
    const files = said.split('\n').flatMap((line) => /(\/[^ ]+) \(0x/.exec(line)?.[1] ?? []);
    expect(files).toContain(interpreter);
    expect(files.map((file) => basename(file))).toEqual(expect.arrayContaining([...libraries]));
    expect(libraries).toContain('libc.so.6');
  });
});

test.each([
  ['a program that names its dynamic linker', elf({ rest: '/lib/ld.so\0' }), { interpreter: '/lib/ld.so', libraries: [] }],
  ['a program that is linked statically', elf({ type: 1 }), { libraries: [] }],
])('%s', (_, file, needs) => {
  expect(decodeElfNeeds(file)).toEqual(needs);
});

test.each([
  ['text', Buffer.from('#!/bin/sh\n'.repeat(10)), /no 64-bit/],
  ['a 32-bit program', Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1]), Buffer.alloc(60)]), /no 64-bit/],
  ['a table that is outside of the file', elf({ type: 2, offset: 1 << 30, bytes: 16 }), /out of range|outside/],
])('%s is refused', (_, file, message) => {
  expect(() => decodeElfNeeds(file)).toThrow(message);
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseFilePages, releaseProgramPages } from './program-pages.ts';

/** Of proc_pid_smaps(5): a header and what matters here of the lines after it. */
function mapping(header: string, anonymousKb: number): string {
  return `${header}\nSize:                 64 kB\nRss:                  64 kB\nAnonymous:   ${String(anonymousKb).padStart(10)} kB\nAnonHugePages:         0 kB\nVmFlags: rd mr mw me\n`;
}

describe('mappings that hold nothing but a file', () => {
  test.each([
    ['text of a program', '00400000-00410000 r-xp 00000000 fe:01 1234                               /usr/bin/node', 0, 1],
    ['a path with spaces', '7f0000400000-7f0000410000 r--p 00001000 fe:01 1234                       /a b/c d.node', 0, 1],
    ['what the linker has written and then protected', '00400000-00410000 r--p 00000000 fe:01 1234   /usr/bin/node', 4, 0],
    ['a writable one', '00400000-00410000 rw-p 00000000 fe:01 1234                                   /usr/bin/node', 0, 0],
    ['a shared one, such as the ring', '7f0000400000-7f0000410000 r--s 00000000 00:08 99             socket:[99]', 0, 0],
    ['the heap', '00400000-00410000 r--p 00000000 00:00 0                                            [heap]', 0, 0],
    ['code that was made here', '00400000-00410000 r-xp 00000000 00:00 0', 0, 0],
  ])('%s', (_, header, anonymousKb, count) => {
    expect(parseFilePages(mapping(header, anonymousKb))).toHaveLength(count);
  });

  test('address and length', () => {
    const header = '7fffffe00000-7fffffe10000 r-xp 00000000 fe:01 1234 /usr/lib/libc.so.6';
    expect(parseFilePages(mapping(header, 0))).toEqual([{ address: 0x7fff_ffe0_0000n, bytes: 65_536 }]);
  });
});

describe.runIf(process.platform === 'linux')('this process', () => {
  const fileKb = (): number => Number(/RssFile:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

  test('has fewer pages of files afterwards, and goes on', () => {
    const before = fileKb();
    releaseProgramPages();
    expect(fileKb()).toBeLessThan(before);
    expect(JSON.parse(JSON.stringify({ still: ['works', 1.5] }))).toEqual({ still: ['works', 1.5] });
  });
});

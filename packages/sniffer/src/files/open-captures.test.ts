import { bytesOf, pcap, pcapng } from '@nm/wire/testing';
import fc from 'fast-check';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCaptures } from './open-captures.ts';
import type { CaptureProgress, OpenCapturesOptions } from './open-captures.ts';
import { MAX_WINDOW_RECORDS } from './record-window.ts';

const SECONDS = 1_700_000_000;
let folder = '';
let fileCount = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'captures-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function write(bytes: Uint8Array, name = `${(fileCount += 1)}.pcap`): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

/** A pcap whose records come at these seconds after SECONDS; a record's bytes are its number. */
function at(...seconds: readonly number[]): Uint8Array {
  return pcap({
    packets: seconds.map((second, index) => ({
      seconds: SECONDS + Math.floor(second),
      fraction: Math.round((second % 1) * 1_000_000),
      bytes: Uint8Array.from([index]),
    })),
  });
}

interface Seen {
  readonly file: number;
  readonly second: number;
  readonly bytes: readonly number[];
}

async function read(paths: readonly string[], options: OpenCapturesOptions = {}) {
  const captures = openCaptures(paths, options);
  const seen: Seen[] = [];
  for await (const batch of captures) {
    for (let index = 0; index < batch.count; index += 1) {
      const offset = batch.offsets[index] ?? 0;
      const bytes = batch.bytes[index]?.subarray(offset, offset + (batch.capturedLengths[index] ?? 0)) ?? [];
      seen.push({ file: batch.files[index] ?? -1, second: (batch.ats[index] ?? 0) / 1000 - SECONDS, bytes: [...bytes] });
    }
  }
  return { seen, captures, order: seen.map(({ file, second }) => `${file}@${second}`) };
}

describe('merging', () => {
  test('records of several files by time, each file in its order where times are equal', async () => {
    const paths = [await write(at(0, 10, 10, 30)), await write(at(5, 10.5, 40)), await write(at())];
    const { order, captures, seen } = await read(paths);
    expect(order).toEqual(['0@0', '1@5', '0@10', '0@10', '1@10.5', '0@30', '1@40']);
    expect(seen.filter(({ file }) => file === 0).map(({ bytes }) => bytes)).toEqual([[0], [1], [2], [3]]);
    expect(captures.files.map(({ format, records }) => `${format} ${records}`)).toEqual(['pcap 4', 'pcap 3', 'pcap 0']);
    expect(captures.warnings).toEqual([]);
  });

  test('pcap and pcapng together', async () => {
    const { section, interfaceBlock, enhanced } = pcapng(false);
    const file = bytesOf(section(), interfaceBlock(276), enhanced(0, (BigInt(SECONDS) + 1n) * 1_000_000n, Uint8Array.from([9])));
    expect((await read([await write(at(0, 2)), await write(file)])).order).toEqual(['0@0', '1@1', '0@2']);
  });

  test('a record that is 2 s late is put in its place', async () => {
    const { order, captures } = await read([await write(at(0, 5, 3.5, 5.25, 9))]);
    expect(order).toEqual(['0@0', '0@3.5', '0@5', '0@5.25', '0@9']);
    expect(captures.warnings).toEqual([]);
  });

  test('a clock that was set back: all records are read, and it is said', async () => {
    const late = Array.from({ length: 5000 }, (_, index) => 1000 + index / 100);
    const { seen, captures } = await read([await write(at(...late, 10, 11))]);
    expect(seen.length).toBe(5002);
    expect(captures.warnings).toEqual([expect.objectContaining({ code: 'capture-out-of-order', count: 2 })]);
  });

  test('one record from the far future does not stop the merge', async () => {
    const first = at(0, 10, 20, 90_000_000, 30, 40);
    const { order } = await read([await write(first), await write(at(...Array.from({ length: 9000 }, (_, index) => 5 + index / 200)))]);
    expect(order.indexOf('0@40')).toBeGreaterThan(order.indexOf('1@39'));
    expect(order.at(-1)).toBe('0@90000000');
  });

  test('whatever the order within 2 s: sorted, complete, bytes intact', async () => {
    const times = fc.array(fc.integer({ min: 0, max: 1900 }), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 4 }), async (files) => {
        const paths = await Promise.all(
          files.map((jitters, file) => write(at(...jitters.map((jitter, index) => index * 0.2 + jitter / 1000)), `p${file}.pcap`)),
        );
        const { seen } = await read(paths);
        expect(seen.map(({ second }) => second)).toEqual(seen.map(({ second }) => second).toSorted((a, b) => a - b));
        for (const [file, jitters] of files.entries()) {
          const numbers = seen.filter((record) => record.file === file).map(({ bytes }) => bytes[0] ?? -1);
          expect(numbers.toSorted((a, b) => a - b)).toEqual(jitters.map((_, index) => index));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('more records within the tolerance than may wait: all are read, in order', async () => {
    const [header, record] = [at(0).subarray(0, 24), at(0).subarray(24)];
    const count = MAX_WINDOW_RECORDS + 5000;
    const file = new Uint8Array(header.length + count * record.length);
    file.set(header);
    const view = new DataView(file.buffer);
    for (let index = 0; index < count; index += 1) {
      const start = header.length + index * record.length;
      file.set(record, start);
      view.setUint32(start + 4, index, true);
    }
    const { seen, captures } = await read([await write(file)]);
    expect(seen.length).toBe(count);
    expect(seen.every(({ second }, index) => Math.abs(second - index / 1e6) < 1e-6)).toBe(true);
    expect(captures.warnings).toEqual([]);
  });

  test('records larger and more than any buffer keep their bytes', async () => {
    const packets = Array.from({ length: 20 }, (_, index) => ({
      seconds: SECONDS,
      fraction: index,
      bytes: new Uint8Array(1 + index * 13_000).fill(index),
    }));
    const { seen } = await read([await write(pcap({ packets })), await write(gzipSync(pcap({ packets })))]);
    expect(seen.length).toBe(40);
    for (const { bytes } of seen) expect(new Set(bytes)).toEqual(new Set([(bytes.length - 1) / 13_000]));
  });
});

describe('compressed', () => {
  test("a gzip'ed file is read like a plain one, whatever its name", async () => {
    expect((await read([await write(gzipSync(at(0, 1, 2)))])).order).toEqual(['0@0', '0@1', '0@2']);
  });

  test('several gzip members', async () => {
    const file = at(0, 1, 2);
    const { order } = await read([await write(bytesOf(gzipSync(file.subarray(0, 50)), gzipSync(file.subarray(50))))]);
    expect(order).toEqual(['0@0', '0@1', '0@2']);
  });

  test('one that was cut gives what can be had, and a warning', async () => {
    const random = Array.from({ length: 4000 }, (_, index) => ({
      seconds: SECONDS,
      fraction: index,
      bytes: Uint8Array.from([index * 7, index * 13, index >> 3]),
    }));
    const whole = gzipSync(pcap({ packets: random }));
    const { seen, captures } = await read([await write(whole.subarray(0, whole.length >> 1))]);
    expect(seen.length).toBeGreaterThan(100);
    expect(captures.warnings).toMatchObject([
      { code: 'capture-damaged', message: expect.stringMatching(/unexpected end of file; the \d+ records before that were read/) },
    ]);
  });
});

describe('wrong input', () => {
  test.each<[name: string, make: () => Promise<string>, code: string, message: RegExp]>([
    ['no such file', async () => join(folder, 'nowhere.pcap'), 'capture-unreadable', /nowhere\.pcap: there is no such file/],
    ['a folder', async () => folder, 'capture-unreadable', /it is a folder/],
    ['empty', () => write(new Uint8Array(0)), 'capture-not-recognised', /is not a capture \(it is empty\)/],
    ['text', () => write(bytesOf('7b 22 61 22 3a 31 7d')), 'capture-not-recognised', /give a pcap or pcapng file/],
    [
      'cut within its header',
      () => write(at(0).subarray(0, 23)),
      'capture-not-recognised',
      /is not a capture \(it ends within its header\)/,
    ],
    ['cut after its first bytes', () => write(at(0).subarray(0, 4)), 'capture-not-recognised', /it ends within its header/],
    [
      'pcapng cut within its first block',
      () => write(pcapng(false).section().subarray(0, 20)),
      'capture-not-recognised',
      /within its header/,
    ],
    ["gzip'ed and cut within its header", () => write(gzipSync(at(0).subarray(0, 10))), 'capture-not-recognised', /within its header/],
    ["gzip'ed text", () => write(gzipSync('{"a":1}')), 'capture-not-recognised', /give a pcap or pcapng file/],
  ])('%s', async (_name, make, code, message) => {
    const good = await write(at(0, 1));
    const batches: unknown[] = [];
    const reading = (async () => {
      for await (const batch of openCaptures([good, await make()])) batches.push(batch);
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AppError', code, message: expect.stringMatching(message) });
    expect(batches).toEqual([]);
  });

  test('too many files', () => {
    expect(() => openCaptures(Array.from({ length: 257 }, () => 'x'))).toThrow(/257 captures are more than the 256/);
  });

  test('a file that ends with its header is a capture without records', async () => {
    const { seen, captures } = await read([await write(at(0).subarray(0, 24))]);
    expect([seen, captures.warnings]).toEqual([[], []]);
  });

  test('a last record that is not whole is a warning', async () => {
    const file = at(0, 1, 2);
    const { seen, captures } = await read([await write(file.subarray(0, file.length - 1)), await write(at(0.5))]);
    expect(seen.length).toBe(3);
    expect(captures.warnings).toMatchObject([
      { code: 'capture-truncated', byteOffset: 58, message: expect.stringContaining('the 2 records before that were read') },
    ]);
  });

  test('damage in one file does not touch the others', async () => {
    const { section, interfaceBlock, enhanced } = pcapng(true);
    const packet = enhanced(0, (BigInt(SECONDS) + 1n) * 1_000_000n, Uint8Array.from([1]));
    const damaged = bytesOf(section(), interfaceBlock(1), packet, enhanced(7, 0n, Uint8Array.from([2])), packet.with(4, 7));
    const { order, captures } = await read([await write(at(0, 3)), await write(damaged)]);
    expect(order).toEqual(['0@0', '1@1', '0@3']);
    expect(captures.warnings.map(({ code }) => code)).toEqual(['capture-damaged', 'capture-blocks-skipped']);
  });
});

describe('running', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => index / 100);

  test('progress ends at the size of the files', async () => {
    const steps: CaptureProgress[] = [];
    const path = await write(at(...many));
    await read([path], { onProgress: (progress) => steps.push(progress) });
    expect(steps.length).toBeGreaterThan(2);
    expect(steps.at(-1)).toEqual({ bytesRead: 24 + many.length * 17, bytesTotal: 24 + many.length * 17, records: many.length });
  });

  test('an aborted signal ends it, and files are closed', async () => {
    const path = await write(at(...many));
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _batch of openCaptures([path], { signal: controller.signal })) controller.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(await openDescriptors(path)).toBe(0);
  });

  test('leaving the loop closes the files, compressed ones too', async () => {
    const paths = [await write(at(...many)), await write(gzipSync(at(...many)))];
    for await (const _batch of openCaptures(paths)) break;
    for (const path of paths) expect(await openDescriptors(path)).toBe(0);
  });
});

async function openDescriptors(path: string): Promise<number> {
  const { readlink } = await import('node:fs/promises');
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return links.filter((link) => link === path).length;
}

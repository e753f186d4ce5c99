import { describe, expect, test } from 'vitest';
import { HOSTILE_NAMES } from '../testing/test-host.ts';
import { toCsv } from './csv.ts';
import { printable } from './printable.ts';
import { stylesFor } from './styles.ts';
import { toTable } from './table.ts';

describe('printable', () => {
  test.each([
    ['plain', 'cart-1', 'cart-1'],
    ['other scripts stay', '漢字 é', '漢字 é'],
    ['escape sequence', '\u001b[31m', '\\x1b[31m'],
    ['line break', 'a\r\nb', 'a\\x0d\\x0ab'],
    ['bidirectional override', '\u202egnp', '\\u202egnp'],
    ['C1 control', '\u009b31m', '\\x9b31m'],
    ['line separator', '\u2028', '\\u2028'],
    ['lone surrogate', '\ud800', '\\ud800'],
    ['tag character', '\u{e0041}', '\\u{e0041}'],
  ])('%s', (_name, text, expected) => expect(printable(text)).toBe(expected));
});

describe('CSV', () => {
  test.each([
    ['plain', 'a', 'a'],
    ['comma', 'a,b', '"a,b"'],
    ['quote', 'a"b', '"a""b"'],
    ['line break', 'a\nb', 'a\\x0ab'],
    ['formula', '=1+1', "'=1+1"],
    ['formula with a quote', '=H("x")', '"\'=H(""x"")"'],
    ['plus, minus, at', '+1', "'+1"],
    ['minus', '-1', "'-1"],
    ['at', '@x', "'@x"],
    ['wide equals sign', '\uff1d1', "'\uff1d1"],
    ['tab', '\t=1', "'\\x09=1"],
    ['number', 5, '5'],
    ['nothing', undefined, ''],
  ])('%s', (_name, value, expected) => expect(toCsv(['h'], [[value]])).toBe(`h\r\n${expected}\r\n`));

  test('no name adds a row or a column', () => {
    const text = toCsv(
      ['a', 'b'],
      HOSTILE_NAMES.map((name) => [name, 1]),
    );
    const lines = text.split('\r\n');
    expect(lines).toHaveLength(HOSTILE_NAMES.length + 2);
    expect(lines.slice(1, -1).every((line) => /^("([^"]|"")*"|[^",]*),1$/.test(line))).toBe(true);
  });
});

describe('table', () => {
  const rows = [['a', 'a-rather-long-name', 'x']];
  test('as wide as its content without a terminal', () =>
    expect(toTable(['ONE', 'TWO', 'THREE'], rows)).toBe('ONE  TWO                 THREE\na    a-rather-long-name  x\n'));
  test('cut to the terminal, widest column first', () =>
    expect(toTable(['ONE', 'TWO', 'THREE'], rows, { width: 24 })).toBe('ONE  TWO           THREE\na    a-rather-lo…  x\n'));
  test('never narrower than can be read', () =>
    expect(toTable(['ONE', 'TWO', 'THREE'], rows, { width: 3 })).toBe('ONE  TWO       THREE\na    a-rathe…  x\n'));
});

describe('colours', () => {
  const stream = (isTTY: boolean): never => ({ isTTY }) as never;
  test.each([
    ['terminal', true, {}, '\u001b[31mx\u001b[39m'],
    ['pipe', false, {}, 'x'],
    ['NO_COLOR', true, { NO_COLOR: '1' }, 'x'],
    ['NO_COLOR empty', true, { NO_COLOR: '' }, '\u001b[31mx\u001b[39m'],
    ['dumb terminal', true, { TERM: 'dumb' }, 'x'],
  ])('%s', (_name, isTTY, env, expected) => expect(stylesFor({ stdout: stream(isTTY), env }).red('x')).toBe(expected));
});

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

// Control characters must be escaped (RFC 8259 section 7): everything below the space but not in an escape.
// A run of plain characters is taken whole or not at all (the lookahead cannot be entered again): where a text does not
// end, trying every way of dividing such runs would take time exponential in its length.
const TOKEN =
  /[ \t\r\n]*(?:(?<text>"(?:(?=(?<plain>[ !#-[\]-\u{10ffff}]+))\k<plain>|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|(?<mark>[{}[\],:]))/uy;
const SPACE = /[ \t\r\n]*/y;

/**
 * Where a text stops being JSON (RFC 8259): the index of the first character that cannot stand there, or the text's
 * length when it ends too early. JSON.parse does not always say. Undefined when the text is JSON.
 */
export function jsonErrorIndex(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let position = 0;
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : 'comma-or-end');
  for (;;) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    SPACE.lastIndex = position;
    SPACE.exec(text);
    const start = SPACE.lastIndex;
    if (start >= text.length) return expected === 'nothing' ? undefined : text.length;
    if (match === null) return start;
    position = TOKEN.lastIndex;
    const isText = match.groups?.['text'] !== undefined;
    const mark = match.groups?.['mark'];
    const takesValue = expected === 'value' || expected === 'value-or-end';
    const takesKey = expected === 'key' || expected === 'key-or-end';
    const isEnd = expected === 'comma-or-end' || expected === 'value-or-end' || expected === 'key-or-end';
    if (isText && takesKey) expected = 'colon';
    else if (mark === undefined && takesValue) expected = afterValue();
    else if ((mark === '{' || mark === '[') && takesValue) {
      open.push(mark);
      expected = mark === '{' ? 'key-or-end' : 'value-or-end';
    } else if (mark === ':' && expected === 'colon') expected = 'value';
    else if (mark === ',' && expected === 'comma-or-end') expected = open.at(-1) === '{' ? 'key' : 'value';
    else if ((mark === '}' || mark === ']') && isEnd && open.at(-1) === (mark === '}' ? '{' : '[')) {
      open.pop();
      expected = afterValue();
    } else return start;
  }
}

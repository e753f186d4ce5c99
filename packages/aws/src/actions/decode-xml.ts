import type { Value } from './partial-json.ts';

const MAX_DEPTH = 32;
const NAME = /^\/?([A-Za-z_][\w.:-]{0,255})/;
const ENTITY: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Element {
  readonly name: string;
  readonly children: Record<string, Value>;
  text: string;
}

/** What stands between `<` and its end that is no element, and what of it is text. */
const ASIDES: readonly { readonly open: string; readonly close: string; readonly isText: boolean }[] = [
  { open: '<!--', close: '-->', isText: false },
  { open: '<![CDATA[', close: ']]>', isText: true },
  { open: '<?', close: '?>', isText: false },
];

/**
 * Reads an XML body as nested objects below its root; repeated elements become lists; attributes are left out.
 * What an early end cuts off is dropped, document types are not followed. Goes over the text once; never throws.
 */
export function decodePartialXml(text: string): Value {
  const root: Element = { name: '', children: Object.create(null) as Record<string, Value>, text: '' };
  const stack = [root];
  let at = 0;
  for (let open = text.indexOf('<'); open >= 0; open = text.indexOf('<', at)) {
    const top = stack.at(-1) ?? root;
    top.text += text.slice(at, open);
    const aside = ASIDES.find((one) => text.startsWith(one.open, open));
    const close = aside?.close ?? '>';
    const inside = open + (aside?.open.length ?? 1);
    const end = text.indexOf(close, inside);
    if (end < 0) break;
    at = end + close.length;
    if (aside?.isText === true) top.text += text.slice(inside, end).replaceAll('&', '&amp;');
    if (aside === undefined && !readTag(stack, root, text.slice(inside, end))) break;
  }
  while (stack.length > 1) {
    const open = stack.pop();
    if (open !== undefined && Object.keys(open.children).length > 0) add(stack.at(-1) ?? root, open);
  }
  return Object.values(root.children)[0] ?? {};
}

/** False when it goes too deep. */
function readTag(stack: Element[], root: Element, tag: string): boolean {
  const name = NAME.exec(tag)?.[1];
  if (name === undefined) return true;
  const top = stack.at(-1) ?? root;
  const local = name.slice(name.indexOf(':') + 1);
  if (tag.startsWith('/')) {
    if (stack.length > 1 && top.name === local) {
      stack.pop();
      add(stack.at(-1) ?? root, top);
    }
  } else if (tag.endsWith('/')) add(top, { name: local, children: {}, text: '' });
  else if (stack.length <= MAX_DEPTH) stack.push({ name: local, children: Object.create(null) as Record<string, Value>, text: '' });
  else return false;
  return true;
}

function add(parent: Element, child: Element): void {
  const value: Value = Object.keys(child.children).length > 0 ? child.children : unescapeXml(child.text);
  const before = parent.children[child.name];
  if (before === undefined) parent.children[child.name] = value;
  else if (Array.isArray(before)) (before as Value[]).push(value);
  else parent.children[child.name] = [before, value];
}

function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITY[name] ?? whole;
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

import type { Value } from './partial-json.ts';

const MAX_DEPTH = 32;
const TOKEN = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.:-]*)[^<>]*?(\/?)>|([^<]+)/g;
const ENTITY: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Element {
  readonly name: string;
  readonly children: Record<string, Value>;
  text: string;
}

/**
 * Reads an XML body as nested objects below its root; repeated elements become lists; attributes are left out.
 * What an early end cuts off is dropped, document types are not followed. Never throws.
 */
export function decodePartialXml(text: string): Value {
  const root: Element = { name: '', children: Object.create(null) as Record<string, Value>, text: '' };
  const stack = [root];
  for (const [, cdata, close, name, selfClose, plain] of text.matchAll(TOKEN)) {
    const top = stack.at(-1) ?? root;
    if (cdata !== undefined) top.text += cdata;
    else if (plain !== undefined) top.text += plain;
    else if (name !== undefined) {
      const local = name.slice(name.indexOf(':') + 1);
      if (close === '/') {
        if (stack.length > 1 && top.name === local) {
          stack.pop();
          add(stack.at(-1) ?? root, top);
        }
      } else if (selfClose === '/') add(top, { name: local, children: {}, text: '' });
      else if (stack.length <= MAX_DEPTH) stack.push({ name: local, children: Object.create(null) as Record<string, Value>, text: '' });
      else break;
    }
  }
  while (stack.length > 1) {
    const open = stack.pop();
    if (open !== undefined && Object.keys(open.children).length > 0) add(stack.at(-1) ?? root, open);
  }
  return Object.values(root.children)[0] ?? {};
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

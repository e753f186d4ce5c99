import { expect, test } from 'vitest';
import { decodePartialXml } from './decode-xml.ts';

test.for<[string, string, unknown]>([
  ['elements', '<A><B>1</B><C>x &amp; y</C></A>', { B: '1', C: 'x & y' }],
  ['a list', '<A><B>1</B><B>2</B></A>', { B: ['1', '2'] }],
  ['head, attributes, prefixes and what is empty', '<?xml version="1.0"?><s:A xmlns:s="u"><s:B a="1"/><C></C></s:A>', { B: '', C: '' }],
  ['comments and literal text', '<A><!-- <B>no</B> --><B><![CDATA[<x>&amp;]]></B></A>', { B: '<x>&amp;' }],
  ['cut off in an element', '<A><B>1</B><C>2', { B: '1' }],
  ['cut off in a tag', '<A><B>1</B><C', { B: '1' }],
  ['cut off in a comment', '<A><B>1</B><!-- ', { B: '1' }],
  ['a document type is not followed', '<!DOCTYPE A [<!ENTITY x "y">]><A><B>&x;</B></A>', { B: '&x;' }],
])('%s', ([, text, expected]) => {
  expect(decodePartialXml(text)).toEqual(expected);
});

/** As long as a body that is looked at. Where each place looked on to the end, they would take half a minute. */
test.for(['<!--', '<?', '<![CDATA[', '<', '<a ', '</', '&amp', 'a'])(
  'a text of nothing but %s has no end that is looked for twice',
  (part) => {
    expect(decodePartialXml(`<${part.repeat(256 * 1024)}`)).toEqual({});
  },
);

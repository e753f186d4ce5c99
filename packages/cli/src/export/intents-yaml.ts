import type { ExportedIntents } from '@nm/core';
import { Document, Scalar, visit } from 'yaml';
import { escapeUnsafe, hasUnsafe } from '../output/escape-unsafe.ts';

/**
 * Documents as the existing command line writes them: separated by `---`, no newline at the end.
 * Quoted for YAML 1.1, because that is what kubectl reads (`on`, `0123` and the like stay texts).
 */
export function toIntentsYaml(documents: readonly ExportedIntents[]): string {
  return documents.map(toYamlDocument).join('\n---\n');
}

function toYamlDocument({ document, notes }: ExportedIntents): string {
  const yaml = new Document(document, { version: '1.1', aliasDuplicateObjects: false });
  visit(yaml, (_key, node) => {
    if (node instanceof Scalar && typeof node.value === 'string' && hasUnsafe(node.value)) node.type = 'QUOTE_DOUBLE';
  });
  const text = escapeUnsafe(yaml.toString({ lineWidth: 0, indentSeq: true, directives: false }).trimEnd());
  return [...notes.map((note) => `# ${toComment(note)}`), text].join('\n');
}

/** Whatever YAML 1.1 or 1.2 takes for a line end would end the comment. */
function toComment(note: string): string {
  return note.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffe\uffff]/gu, '?');
}

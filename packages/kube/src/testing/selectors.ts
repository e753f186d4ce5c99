import type { FakeObject } from './object-store.ts';

/** Label and field selectors of a list request: equality, inequality, existence and sets for labels, equality for fields. */
export function matchesSelectors(object: FakeObject, query: URLSearchParams): boolean {
  const labels = query.get('labelSelector');
  const fields = query.get('fieldSelector');
  return (labels === null || matchesLabels(object.metadata.labels ?? {}, labels)) && (fields === null || matchesFields(object, fields));
}

export function matchesLabels(labels: Readonly<Record<string, string>>, selector: string): boolean {
  return selector.split(/,(?![^(]*\))/).every((term) => {
    const text = term.trim();
    if (text === '') return true;
    const set = /^(\S+)\s+(in|notin)\s+\((.*)\)$/.exec(text);
    if (set !== null) {
      const isIn = (set[3] ?? '').split(',').some((value) => value.trim() === labels[set[1] ?? '']);
      return set[2] === 'in' ? isIn : !isIn;
    }
    const comparison = /^([^!=]+)(!=|==?)(.*)$/.exec(text);
    if (comparison !== null) return (labels[(comparison[1] ?? '').trim()] === (comparison[3] ?? '').trim()) === (comparison[2] !== '!=');
    return text.startsWith('!') ? !(text.slice(1) in labels) : text in labels;
  });
}

function matchesFields(object: FakeObject, selector: string): boolean {
  return selector.split(',').every((term) => {
    const [path = '', value = ''] = term.split(/==?/);
    let field: unknown = object;
    for (const key of path.trim().split('.'))
      field = typeof field === 'object' && field !== null ? (field as Record<string, unknown>)[key] : undefined;
    return (typeof field === 'string' ? field : '') === value.trim();
  });
}

import { Generations } from '../bounded/generations.ts';
import type { PodRecord } from './records.ts';

const PARTS = ['labels', 'annotations', 'owners', 'ports', 'containers', 'hostAddresses'] as const;
type Part = (typeof PARTS)[number];
type Template = Pick<PodRecord, Part>;

/** Owners whose pods' parts are kept, and texts; up to twice as many. Some 500 bytes for each owner. */
const MAX_OWNERS = 8_192;
const MAX_TEXTS = 8_192;

/**
 * Pods of one owner are made from one template: what they have from it is kept once, not once for each pod. Of 1,000 bytes
 * that a pod's record takes, 700 are such.
 */
export class SharedParts {
  private readonly templates = new Generations<string, Template>(MAX_OWNERS);
  private readonly texts = new Generations<string, string>(MAX_TEXTS);

  /** The same record, made of parts that were there before as far as they are equal: the pod's own, then its siblings'. */
  share(record: PodRecord, previous: PodRecord | undefined): PodRecord {
    const owner = record.owners[0]?.uid;
    const sibling = owner === undefined ? undefined : this.templates.get(owner);
    const part = <Key extends Part>(key: Key): Template[Key] => {
      if (previous !== undefined && isSame(previous[key], record[key])) return previous[key];
      return sibling !== undefined && isSame(sibling[key], record[key]) ? sibling[key] : trimmed(record[key]);
    };
    const own = previous !== undefined;
    // Every field is always there, so that all records have one shape and no room to spare.
    const shared: PodRecord = {
      uid: own ? previous.uid : record.uid,
      namespace: this.text(record.namespace),
      name: own ? previous.name : record.name,
      labels: part('labels'),
      annotations: part('annotations'),
      owners: part('owners'),
      nodeName: record.nodeName === undefined ? undefined : this.text(record.nodeName),
      hostNetwork: record.hostNetwork,
      phase: this.text(record.phase),
      addresses: own && isSame(previous.addresses, record.addresses) ? previous.addresses : trimmed(record.addresses),
      hostAddresses: part('hostAddresses'),
      createdAt: record.createdAt,
      startedAt: record.startedAt,
      firstContainerStartedAt: record.firstContainerStartedAt,
      finishedAt: record.finishedAt,
      deletionRequestedAt: record.deletionRequestedAt,
      ready: record.ready,
      ports: part('ports'),
      containers: part('containers'),
      hostname: record.hostname,
      subdomain: record.subdomain,
      serviceAccount: record.serviceAccount === undefined ? undefined : this.text(record.serviceAccount),
    };
    if (owner !== undefined && PARTS.some((key) => sibling?.[key] !== shared[key])) {
      // The latest one's: templates change, and then all pods to come have the new one.
      const { labels, annotations, owners, ports, containers, hostAddresses } = shared;
      this.templates.set(owner, { labels, annotations, owners, ports, containers, hostAddresses });
      this.templates.rotate();
    }
    return shared;
  }

  private text(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    this.texts.set(text, text);
    this.texts.rotate();
    return text;
  }
}

/** A list that grew while it was made has room for more than it holds. */
function trimmed<Value>(value: Value): Value {
  return Array.isArray(value) ? (value.slice() as Value) : value;
}

/** Whether two values that JSON could hold are equal. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  const keys = Object.keys(a);
  if (Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

/** Tells the resource that a call counts for. */
export interface ObjectLimit {
  resourceFor(source: string, resource: string): string;
}

/** Objects of buckets and of access points (Service Authorization Reference, S3). */
const OBJECT = /^(arn:[^:]+:s3:::[^/]+|arn:[^:]+:s3[^:]*:[^:]*:[^:]*:[^/]+\/.+?\/object)\/[^]/;

interface Known {
  /** Hashes of objects; cleared when there are too many. */
  readonly objects: Set<number>;
  isFull: boolean;
}

/**
 * Keeps a map from becoming a list of files: of one client and bucket (or access point) the first `maxObjects` objects are told
 * one by one, all further ones as the bucket's, and those with longer names than `maxCharacters`. At most `maxPairs` of clients and buckets are remembered.
 */
export function createObjectLimit(options: {
  readonly maxObjects: number;
  readonly maxPairs: number;
  readonly maxCharacters: number;
}): ObjectLimit {
  const pairs = new Map<string, Known>();
  return {
    resourceFor(source, resource): string {
      const place = OBJECT.exec(resource)?.[1];
      if (place === undefined || place.length > options.maxCharacters) return resource;
      if (resource.length > options.maxCharacters) return `${place}/*`;
      const pair = `${source} ${place}`;
      const known = pairs.get(pair) ?? { objects: new Set(), isFull: false };
      // The newest at the end.
      pairs.delete(pair);
      pairs.set(pair, known);
      const [oldest] = pairs.size > options.maxPairs ? pairs.keys() : [];
      if (oldest !== undefined) pairs.delete(oldest);
      if (!known.isFull) {
        known.objects.add(hash(resource));
        if (known.objects.size <= options.maxObjects) return resource;
        known.isFull = true;
        known.objects.clear();
      }
      return `${place}/*`;
    },
  };
}

/** FNV-1a, 32 bits: two objects with one hash count as one. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value;
}

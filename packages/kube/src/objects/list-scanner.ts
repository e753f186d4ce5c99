/** Bound on one item of a list (an object in etcd is at most 1.5 MiB by default) and on what surrounds the items. */
export const MAX_ITEM_BYTES = 32 * 1024 * 1024;
const MAX_KEY_BYTES = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const SPACE = 0x20;

/**
 * Takes a Kubernetes list apart while it arrives: each item is parsed by itself and can be dropped at once, so that a
 * page of 500 pods costs the memory of one. Parsing the page as a whole leaves tens of MB behind for each page.
 */
export interface ListScanner {
  /** Throws SyntaxError when an item is no JSON, RangeError when it is beyond MAX_ITEM_BYTES. */
  push(chunk: Buffer): void;
  /** What has come of the list around its items so far, as text: its kind is often there already. */
  head(): string;
  /** The list without its items. Throws SyntaxError when it is cut off or no JSON. */
  end(): unknown;
}

export function createListScanner(onItem: (item: unknown) => void): ListScanner {
  let depth = 0;
  let inText = false;
  /** The next byte is escaped: a backslash ended the last chunk. */
  let escaped = false;
  let inItems = false;
  /** The value between two commas of the items has begun. */
  let inValue = false;
  /** The last text directly inside the list object: the key of what follows. */
  let key = '';
  let keeping: 'around' | 'item' | 'nothing' = 'around';
  let kept: Buffer[] = [];
  let keptBytes = 0;
  const around: Buffer[] = [];

  const keep = (piece: Buffer): void => {
    if (keeping === 'nothing' || piece.length === 0) return;
    keptBytes += piece.length;
    if (keptBytes > MAX_ITEM_BYTES) throw new RangeError(`an item of the list is larger than ${MAX_ITEM_BYTES} bytes`);
    (keeping === 'item' ? kept : around).push(piece);
  };

  const emit = (): void => {
    const [first, ...more] = kept;
    const text = first === undefined ? '' : more.length === 0 ? first.toString('utf8') : Buffer.concat(kept).toString('utf8');
    kept = [];
    keptBytes = 0;
    onItem(JSON.parse(text));
  };

  /** Numbers, texts and null are no objects: they are told, once, as null. */
  const seeScalar = (): void => {
    if (!inValue) onItem(null);
    inValue = true;
  };

  /** Index after the text that goes on at `start`, or the chunk's length when it does not end here. */
  const skipText = (chunk: Buffer, start: number, level: number): number => {
    let from = start;
    if (escaped) {
      escaped = false;
      from += 1;
    }
    const first = from;
    let quote = chunk.indexOf(QUOTE, from);
    while (quote !== -1 && backslashesBefore(chunk, quote, first) % 2 === 1) quote = chunk.indexOf(QUOTE, quote + 1);
    const end = quote === -1 ? chunk.length : quote;
    if (level === 1 && key.length < MAX_KEY_BYTES) key += chunk.toString('latin1', start, end);
    if (quote !== -1) {
      inText = false;
      return quote + 1;
    }
    escaped = end >= first && backslashesBefore(chunk, end, first) % 2 === 1;
    return chunk.length;
  };

  return {
    push(chunk) {
      let from = 0;
      // A local variable: the loop looks at it for every byte.
      let level = depth;
      let index = 0;
      while (index < chunk.length) {
        if (inText) {
          index = skipText(chunk, index, level);
          continue;
        }
        const byte = chunk[index] ?? 0;
        // Half of what kubectl writes is indentation.
        if (byte === SPACE) {
          do index += 1;
          while (chunk[index] === SPACE);
          continue;
        }
        switch (byte) {
          case QUOTE:
            inText = true;
            if (level === 1) key = '';
            else if (inItems && level === 2) seeScalar();
            break;
          case OPEN_OBJECT:
          case OPEN_ARRAY:
            if (inItems && level === 2) {
              keeping = 'item';
              inValue = true;
              from = index;
            } else if (level === 1 && byte === OPEN_ARRAY && key === 'items') {
              keep(chunk.subarray(from, index + 1));
              keeping = 'nothing';
              inItems = true;
              inValue = false;
            }
            level += 1;
            break;
          case CLOSE_OBJECT:
          case CLOSE_ARRAY:
            level -= 1;
            if (inItems && level === 2) {
              keep(chunk.subarray(from, index + 1));
              emit();
              keeping = 'nothing';
            } else if (inItems && level === 1) {
              inItems = false;
              keeping = 'around';
              from = index;
            }
            break;
          case COMMA:
            if (inItems && level === 2) inValue = false;
            break;
          default:
            if (inItems && level === 2 && byte > SPACE) seeScalar();
        }
        index += 1;
      }
      depth = level;
      keep(chunk.subarray(from));
    },
    head: () => Buffer.concat(around).toString('utf8'),
    end() {
      return JSON.parse(Buffer.concat(around).toString('utf8')) as unknown;
    },
  };
}

function backslashesBefore(chunk: Buffer, end: number, first: number): number {
  let count = 0;
  while (end - 1 - count >= first && chunk[end - 1 - count] === BACKSLASH) count += 1;
  return count;
}

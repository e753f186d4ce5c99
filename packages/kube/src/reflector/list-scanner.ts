/** Bound on one item of a list (an object in etcd is at most 1.5 MiB by default) and on what surrounds the items. */
export const MAX_ITEM_BYTES = 32 * 1024 * 1024;
const MAX_KEY_BYTES = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * Takes a Kubernetes list apart while it arrives: each item is parsed by itself and can be dropped at once, so that a
 * page of 500 pods costs the memory of one. Parsing the page as a whole leaves tens of MB behind for each page.
 */
export interface ListScanner {
  /** Throws SyntaxError when an item is no JSON, RangeError when it is beyond MAX_ITEM_BYTES. */
  push(chunk: Buffer): void;
  /** The list without its items. Throws SyntaxError when it is cut off or no JSON. */
  end(): unknown;
}

export function createListScanner(onItem: (item: unknown) => void): ListScanner {
  let depth = 0;
  let inText = false;
  /** The next byte is escaped: a backslash ended the last chunk. */
  let escaped = false;
  let inItems = false;
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

  /** Index after the text that goes on at `start`, or the chunk's length when it does not end here. */
  const skipText = (chunk: Buffer, start: number): number => {
    let from = start;
    if (escaped) {
      escaped = false;
      from += 1;
    }
    const first = from;
    let quote = chunk.indexOf(QUOTE, from);
    while (quote !== -1 && backslashesBefore(chunk, quote, first) % 2 === 1) quote = chunk.indexOf(QUOTE, quote + 1);
    const end = quote === -1 ? chunk.length : quote;
    if (depth === 1 && key.length < MAX_KEY_BYTES) key += chunk.toString('latin1', start, end);
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
      let index = 0;
      while (index < chunk.length) {
        if (inText) {
          index = skipText(chunk, index);
          continue;
        }
        const byte = chunk[index] ?? 0;
        switch (byte) {
          case QUOTE:
            inText = true;
            if (depth === 1) key = '';
            break;
          case OPEN_OBJECT:
          case OPEN_ARRAY:
            if (inItems && depth === 2) {
              keeping = 'item';
              from = index;
            } else if (depth === 1 && byte === OPEN_ARRAY && key === 'items') {
              keep(chunk.subarray(from, index + 1));
              keeping = 'nothing';
              inItems = true;
            }
            depth += 1;
            break;
          case CLOSE_OBJECT:
          case CLOSE_ARRAY:
            depth -= 1;
            if (inItems && depth === 2) {
              keep(chunk.subarray(from, index + 1));
              emit();
              keeping = 'nothing';
            } else if (inItems && depth === 1) {
              inItems = false;
              keeping = 'around';
              from = index;
            }
            break;
          default:
        }
        index += 1;
      }
      keep(chunk.subarray(from));
    },
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

/** The head of an HTTP/1.1 answer; names of fields in lower case. */
export interface AnswerHead {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
}

export interface AnswerDecoder {
  /** Takes the next bytes of the connection; answers whether the answer is whole. Throws Error for what is no HTTP. */
  push(bytes: Buffer): boolean;
  /** The connection ended. Throws Error when the answer is not whole. */
  end(): void;
}

const MAX_HEAD_BYTES = 64 * 1024;
/** A head may come in so many pieces: each is looked at together with those before it. */
const MAX_PIECES = 1024;
/** A chunk's size with its extensions. */
const MAX_SIZE_LINE_BYTES = 1024;

/**
 * Decodes one HTTP/1.1 answer (RFC 9112) whose body has a length, comes in chunks, or ends with the connection. Bytes of
 * the body are handed out as they come, not copied: they are good until the call returns.
 */
export function createAnswerDecoder(on: { head(head: AnswerHead): void; body(bytes: Buffer): void }): AnswerDecoder {
  let state: 'head' | 'size' | 'body' | 'chunk' | 'chunk-end' | 'trailer' | 'done' = 'head';
  let rest: Buffer = Buffer.alloc(0);
  let pieces = 0;
  /** Bytes of the body or chunk that are still to come. */
  let left = 0;

  function begin(head: AnswerHead): void {
    // What goes ahead of the answer (RFC 9110 section 15.2).
    if (head.status < 200) return;
    on.head(head);
    const length = head.fields.get('content-length');
    if ((head.fields.get('transfer-encoding') ?? '').toLowerCase().endsWith('chunked')) state = 'size';
    else if (length === undefined) {
      state = 'body';
      left = Number.POSITIVE_INFINITY;
    } else {
      left = Number(length);
      if (!Number.isSafeInteger(left) || left < 0) throw new Error(`the answer's length is ${JSON.stringify(length)}`);
      state = left === 0 ? 'done' : 'body';
    }
  }

  /** The bytes up to a line's end, which may have come in pieces; undefined while they are not whole. */
  function line(bytes: Buffer, from: number, end: string, maxBytes: number): { readonly text: string; readonly next: number } | undefined {
    const whole = rest.length === 0 ? bytes.subarray(from) : Buffer.concat([rest, bytes.subarray(from)]);
    const at = whole.indexOf(end, 0, 'latin1');
    if (at < 0 || at > maxBytes) {
      pieces += 1;
      if (whole.length > maxBytes || pieces > MAX_PIECES) throw new Error('the answer is no HTTP');
      rest = Buffer.from(whole);
      return undefined;
    }
    const next = from + at + end.length - rest.length;
    rest = Buffer.alloc(0);
    pieces = 0;
    return { text: whole.toString('latin1', 0, at), next };
  }

  function body(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + left);
    on.body(bytes.subarray(from, end));
    left -= end - from;
    return end;
  }

  return {
    push(bytes): boolean {
      let from = 0;
      while (from < bytes.length && state !== 'done') {
        if (state === 'body' || state === 'chunk') {
          from = body(bytes, from);
          if (left === 0) state = state === 'body' ? 'done' : 'chunk-end';
          continue;
        }
        const found = line(bytes, from, state === 'head' ? '\r\n\r\n' : '\r\n', state === 'head' ? MAX_HEAD_BYTES : MAX_SIZE_LINE_BYTES);
        if (found === undefined) return false;
        from = found.next;
        if (state === 'head') begin(parseHead(found.text));
        else if (state === 'chunk-end') state = 'size';
        else if (state === 'trailer') state = found.text === '' ? 'done' : 'trailer';
        else {
          left = parseSize(found.text);
          state = left === 0 ? 'trailer' : 'chunk';
        }
      }
      return state === 'done';
    },
    end(): void {
      if (state !== 'done' && !(state === 'body' && left === Number.POSITIVE_INFINITY)) throw new Error('the answer broke off');
      state = 'done';
    },
  };
}

function parseHead(text: string): AnswerHead {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw new Error('the answer is no HTTP');
  const fields = new Map<string, string>();
  for (const field of lines) {
    const colon = field.indexOf(':');
    if (colon > 0) fields.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim());
  }
  return { status: Number(status), fields };
}

function parseSize(text: string): number {
  const digits = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(text)?.[1];
  if (digits === undefined) throw new Error('the size of a chunk is not a number');
  return Number.parseInt(digits, 16);
}

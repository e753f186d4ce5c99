import { StringDecoder } from 'node:string_decoder';

export interface LineSplitter {
  /** Lines cut because they were longer than the bound. */
  readonly cutLines: number;
  push(chunk: Uint8Array): void;
  /** Hands out a last line that has no line feed. */
  end(): void;
  /** Forgets an unfinished line, when the bytes that follow are not its rest. */
  reset(): void;
}

/** A container runtime cuts at 16 KiB; a log file may hold names of 32 KiB three times in a line. */
const MAX_LINE_CHARACTERS = 512 * 1024;

/** Cuts UTF-8 bytes into lines at line feeds (a carriage return stays: it may be part of a name); memory is bounded. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let skipping = false;
  let cutLines = 0;

  function take(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      if (skipping) skipping = false;
      else onLine(rest.length === 0 ? text.slice(from, end) : rest + text.slice(from, end));
      rest = '';
      from = end + 1;
    }
    if (skipping || from === text.length) return;
    rest += text.slice(from);
    if (rest.length <= MAX_LINE_CHARACTERS) return;
    cutLines += 1;
    skipping = true;
    const cut = rest.slice(0, MAX_LINE_CHARACTERS);
    rest = '';
    onLine(cut);
  }

  return {
    get cutLines(): number {
      return cutLines;
    },
    push: (chunk) => take(decoder.write(chunk)),
    end(): void {
      take(decoder.end());
      const last = rest;
      rest = '';
      skipping = false;
      if (last.length > 0) onLine(last);
    },
    reset(): void {
      decoder.end();
      rest = '';
      skipping = false;
    },
  };
}

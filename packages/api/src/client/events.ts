/** One Server-Sent Event (WHATWG HTML 9.2.6); comments are left out. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** More than this without an event's end is not a mapper's stream. */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/** Splits a stream into its events. */
export async function* readEvents(body: ReadableStream<Uint8Array> | null): AsyncGenerator<ServerEvent, void> {
  if (body === null) return;
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const parts = rest.replaceAll('\r\n', '\n').split('\n\n');
      rest = parts.pop() ?? '';
      if (rest.length > MAX_EVENT_LENGTH) throw new Error(`an event of more than ${MAX_EVENT_LENGTH} characters`);
      for (const part of parts) {
        const event = parseEvent(part);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parseEvent(text: string): ServerEvent | undefined {
  let name = 'message';
  const data: string[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === 0 || line === '') continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return data.length === 0 && name === 'message' ? undefined : { name, data: data.join('\n') };
}

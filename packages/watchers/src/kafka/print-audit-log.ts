import { createAuditReader } from './audit-reader.ts';
import type { AuditEvent, AuditReaderCounts } from './audit-reader.ts';
import { createLineSplitter } from './line-splitter.ts';

/** One line of `kafka-watcher --print`: the event as JSON, in a fixed order of keys. */
export function toPrintedEvent(event: AuditEvent): string {
  return JSON.stringify({
    line: event.line,
    principal: event.principal,
    clientIP: event.clientIP,
    operation: event.operation,
    resourceType: event.resourceType,
    name: event.name,
    patternType: event.patternType,
    result: event.result,
    request: event.request,
    resourceRefCount: event.resourceRefCount,
    rule: event.rule,
    pseudo: event.pseudo ? true : undefined,
  });
}

/** Reads a whole log and writes one JSON line for each event of the authorizer; answers what was counted. */
export async function printAuditLog(input: AsyncIterable<Uint8Array>, write: (line: string) => void): Promise<Readonly<AuditReaderCounts>> {
  const reader = createAuditReader((event) => write(`${toPrintedEvent(event)}\n`));
  const splitter = createLineSplitter((line) => reader.push(line));
  for await (const chunk of input) splitter.push(chunk);
  splitter.end();
  reader.flush();
  return reader.counts;
}

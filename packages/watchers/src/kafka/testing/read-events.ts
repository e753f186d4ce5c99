import { createAuditReader } from '../audit-reader.ts';
import type { AuditEvent } from '../audit-reader.ts';

/** What a reader finds in these lines. */
export function readEvents(lines: readonly string[]): AuditEvent[] {
  const events: AuditEvent[] = [];
  const reader = createAuditReader((event) => events.push(event));
  for (const line of lines) reader.push(line);
  reader.flush();
  return events;
}

/** The authorizer's message as brokers with ZooKeeper write it. */
export const ZK =
  'Principal = User:alice is Allowed Operation = DescribeConfigs from host = 10.0.0.1 on resource = Topic:LITERAL:orders for request = Metadata with resourceRefCount = 1';
/** The authorizer's message as brokers with KRaft write it. */
export const KRAFT =
  'Principal = User:bob is Denied operation = READ from host = 10.0.0.2 on resource = Group:LITERAL:g1 for request = JoinGroup with resourceRefCount = 1 based on rule DefaultDeny';

export const json = (value: unknown): string => JSON.stringify(value);

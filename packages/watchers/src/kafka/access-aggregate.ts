import { canonicalAddress } from '@nm/core';
import type { Destination, Observation } from '@nm/core';
import type { AuditEvent } from './audit-reader.ts';
import { ownText } from '../own-text.ts';
import { toIntentOperation, toMapResourceType } from './audit-names.ts';

/** The broker whose log it is: a pod, or a workload where the pod is not known. */
export interface BrokerRef {
  readonly namespace: string;
  readonly name: string;
  readonly isPod: boolean;
  readonly podUid?: string;
  readonly nodeName?: string;
}

export type DropReason = 'pseudo' | 'no-name' | 'loopback' | 'bad-address';

export interface AccessAggregate {
  /** Distinct accesses that wait. */
  readonly size: number;
  /** Adds an event seen at `at` (milliseconds since the epoch); answers why not, if it is not an access of anybody. */
  add(event: AuditEvent, broker: BrokerRef, at: number): DropReason | undefined;
  /** Everything since the last call, as observations; empties the aggregate. */
  drain(): Observation[];
}

interface Access {
  readonly address: string;
  readonly broker: BrokerRef;
  readonly kafka: NonNullable<Observation['kafka']>;
  count: number;
  firstSeenAt: number;
  lastSeenAt: number;
}

/** Longest name or principal that is reported; Kafka's topics have at most 249 characters, group ids 32,767. */
const MAX_NAME_CHARACTERS = 1024;
/** Kafka's own words are shorter; a forged one may be as long as the event. */
const MAX_WORD_CHARACTERS = 64;

/**
 * Adds up what the log says: a denied client may retry thousands of times a second, and all of that is one access with a
 * count. The caller drains early when `size` grows too large.
 */
export function createAccessAggregate(): AccessAggregate {
  const accesses = new Map<string, Access>();
  return {
    get size(): number {
      return accesses.size;
    },
    add(event, broker, at): DropReason | undefined {
      if (event.pseudo) return 'pseudo';
      // A consumer without a group asks for the group with the empty name.
      if (event.name === '') return 'no-name';
      // Cut before they tell accesses apart: clients choose names of 32 KiB, and 20,000 of those would be kept.
      const name = event.name.slice(0, MAX_NAME_CHARACTERS);
      const principal = event.principal.slice(0, MAX_NAME_CHARACTERS);
      const operation = event.operation.slice(0, MAX_WORD_CHARACTERS);
      const resourceType = event.resourceType.slice(0, MAX_WORD_CHARACTERS);
      const key = `${event.result}|${operation}|${resourceType}|${event.clientIP}|${broker.namespace}/${broker.podUid ?? broker.name}|${principal}|${name}`;
      const known = accesses.get(key);
      if (known !== undefined) {
        known.count += 1;
        known.firstSeenAt = Math.min(known.firstSeenAt, at);
        known.lastSeenAt = Math.max(known.lastSeenAt, at);
        return undefined;
      }
      const address = canonicalAddress(event.clientIP);
      if (address === undefined) return 'bad-address';
      // A process of the broker's own pod, or a port-forward: nobody who could be named.
      if (address.startsWith('127.') || address === '::1') return 'loopback';
      accesses.set(ownText(key), {
        address,
        broker,
        kafka: {
          topic: ownText(name),
          operation: ownText(toIntentOperation(operation)),
          allowed: event.result === 'ALLOWED',
          ...(resourceType === 'TOPIC' ? {} : { resourceType: ownText(toMapResourceType(resourceType)) }),
          principal: ownText(principal),
        },
        count: 1,
        firstSeenAt: at,
        lastSeenAt: at,
      });
      return undefined;
    },
    drain(): Observation[] {
      const observations = Array.from(accesses.values(), toObservation);
      accesses.clear();
      return observations;
    },
  };
}

function toObservation({ address, broker, kafka, count, firstSeenAt, lastSeenAt }: Access): Observation {
  const destination: Destination = {
    protocol: 'TCP',
    workload: { namespace: broker.namespace, name: broker.name, ...(broker.isPod ? { pod: true } : {}) },
    ...(broker.podUid === undefined ? {} : { podUid: broker.podUid }),
  };
  return {
    kind: 'kafka',
    vantage: 'server',
    ...(broker.nodeName === undefined ? {} : { node: broker.nodeName }),
    source: { address },
    destination,
    count,
    firstSeenAt,
    lastSeenAt,
    kafka,
  };
}

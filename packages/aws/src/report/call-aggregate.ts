import type { Observation } from '@nm/core';
import type { AwsCall } from '../actions/aws-request.ts';
import { createObjectLimit } from './object-limit.ts';

export interface CallAggregate {
  readonly size: number;
  /** Calls not kept because too many different ones came in one interval. */
  readonly dropped: number;
  /** Calls on objects that count for their bucket. */
  readonly generalized: number;
  add(call: AwsCall, sourceAddress: string, at: number): void;
  /** What was added up, one observation for each client and resource; empties the aggregate. */
  drain(): Observation[];
}

const OBJECT_LIMIT = { maxObjects: 200, maxPairs: 2_000 };

interface Sum {
  readonly source: string;
  readonly resource: string;
  readonly call: AwsCall;
  readonly action: string;
  count: number;
  firstSeenAt: number;
  lastSeenAt: number;
}

/** Adds up calls between reports: one sum for each client address, action and resource, at most `maxSums`. */
export function createCallAggregate(options: { readonly maxSums: number }): CallAggregate {
  const objects = createObjectLimit(OBJECT_LIMIT);
  const sums = new Map<string, Sum>();
  let dropped = 0;
  let generalized = 0;
  return {
    get size(): number {
      return sums.size;
    },
    get dropped(): number {
      return dropped;
    },
    get generalized(): number {
      return generalized;
    },
    add(call, source, at): void {
      for (const { action, resource: asked } of call.pairs) {
        const resource = objects.resourceFor(source, asked);
        if (resource !== asked) generalized += 1;
        const key = `${source} ${action} ${resource}`;
        const known = sums.get(key);
        if (known !== undefined) {
          known.count += 1;
          known.lastSeenAt = Math.max(known.lastSeenAt, at);
        } else if (sums.size >= options.maxSums) dropped += 1;
        else sums.set(key, { source, resource, call, action, count: 1, firstSeenAt: at, lastSeenAt: at });
      }
    },
    drain(): Observation[] {
      const observations = [...sums.values()].map(toObservation);
      sums.clear();
      return observations;
    },
  };
}

function toObservation({ source, resource, call, action, count, firstSeenAt, lastSeenAt }: Sum): Observation {
  const { service, account, region } = call;
  return {
    kind: 'aws',
    vantage: 'client',
    source: { address: source },
    destination: { protocol: 'TCP' },
    count,
    firstSeenAt,
    lastSeenAt,
    cloud: {
      provider: 'aws',
      resource,
      actions: [action],
      // A pair may belong to another service than the call (iam:PassRole).
      service: action.split(':', 1)[0] ?? service,
      ...(account === undefined ? {} : { account }),
      ...(region === undefined ? {} : { region }),
    },
  };
}

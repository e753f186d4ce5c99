import type { Observation } from '@nm/core';
import type { AwsCall } from '../actions/aws-request.ts';
import { createObjectLimit } from './object-limit.ts';

export interface CallAggregate {
  readonly size: number;
  /** Calls not kept because too many different ones came in one interval, or for a name that nothing has. */
  readonly dropped: number;
  /** Calls on objects that count for their bucket. */
  readonly generalized: number;
  add(call: AwsCall, sourceAddress: string, at: number): void;
  /** What was added up, one observation for each client and resource; empties the aggregate. */
  drain(): Observation[];
}

/** Longest resource that is told: what an ARN may have (IAM quotas), and what the mapper takes. */
const MAX_CHARACTERS = 2_048;
const OBJECT_LIMIT = { maxObjects: 200, maxPairs: 2_000, maxCharacters: MAX_CHARACTERS };

interface Sum {
  readonly source: string;
  readonly resource: string;
  readonly action: string;
  readonly service: string;
  readonly account: string | undefined;
  readonly region: string | undefined;
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
    add({ pairs, account, region }, source, at): void {
      for (const { action, resource: asked } of pairs) {
        const resource = objects.resourceFor(source, asked);
        if (resource !== asked) generalized += 1;
        if (resource.length > MAX_CHARACTERS) {
          dropped += 1;
          continue;
        }
        const key = `${source} ${action} ${resource}`;
        const known = sums.get(key);
        if (known !== undefined) {
          known.count += 1;
          known.lastSeenAt = Math.max(known.lastSeenAt, at);
        } else if (sums.size >= options.maxSums) dropped += 1;
        else {
          // A pair may belong to another service than the call (iam:PassRole).
          const service = action.split(':', 1)[0] ?? action;
          sums.set(key, { source, resource, action, service, account, region, count: 1, firstSeenAt: at, lastSeenAt: at });
        }
      }
    },
    drain(): Observation[] {
      const observations = [...sums.values()].map(toObservation);
      sums.clear();
      return observations;
    },
  };
}

function toObservation({ source, resource, action, service, account, region, count, firstSeenAt, lastSeenAt }: Sum): Observation {
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
      service,
      ...(account === undefined ? {} : { account }),
      ...(region === undefined ? {} : { region }),
    },
  };
}

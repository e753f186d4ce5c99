import type { Endpoint, Observation } from '@nm/core';

/** One line for people: when, how, from which side, who, whom. */
export function toTextLine(observation: Observation): string {
  const { destination, source, kind, vantage, count } = observation;
  const asked = destination.asked === undefined ? '' : ` asked as ${toHostPort(destination.asked)}`;
  const answer = destination.addresses === undefined ? '' : ` (${destination.addresses.join(' ')})`;
  const name = destination.name === undefined ? '' : ` ${destination.name}`;
  const guess = observation.directionGuessed === true ? ' direction guessed' : '';
  const target = kind === 'dns' ? `${destination.name ?? ''}${answer}` : `${toPlace(destination)}${name}${asked}`;
  return `${new Date(observation.lastSeenAt).toISOString()} ${kind.padEnd(6)} ${vantage} ${toPlace(source)} -> ${target} x${count}${guess}`;
}

/** One JSON object; times as RFC 3339. */
export function toJsonLine(observation: Observation): string {
  const { firstSeenAt, lastSeenAt, ...rest } = observation;
  return JSON.stringify({ ...rest, firstSeen: new Date(firstSeenAt).toISOString(), lastSeen: new Date(lastSeenAt).toISOString() });
}

function toPlace(endpoint: Endpoint): string {
  const pod = endpoint.podUid === undefined ? '' : `[pod ${endpoint.podUid}]`;
  return `${toHostPort(endpoint)}${pod}`;
}

function toHostPort({ address = '?', port }: { readonly address?: string | undefined; readonly port?: number | undefined }): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Counters of net/snmp (RFC 4022, RFC 4113) that tell whether sockets of a namespace may have changed. */
export interface SocketCounters {
  /** Changes with every connection opened, accepted, established or closed. */
  readonly tcp: number;
  /** Changes with every datagram. */
  readonly udp: number;
}

/** Folds the counters into one number per protocol; undefined when the text is not net/snmp. */
export function parseSocketCounters(text: string): SocketCounters | undefined {
  const tcp = fieldsOf(text, 'Tcp:');
  const udp = fieldsOf(text, 'Udp:');
  if (tcp === undefined) return undefined;
  return {
    // The sum of two rising counters and a gauge can stand still by chance; different weights make that unlikely.
    tcp: (tcp.get('ActiveOpens') ?? 0) * 3 + (tcp.get('PassiveOpens') ?? 0) * 5 + (tcp.get('CurrEstab') ?? 0) * 7,
    udp: (udp?.get('InDatagrams') ?? 0) + (udp?.get('OutDatagrams') ?? 0),
  };
}

/** A line of names followed by a line of values, both beginning with `prefix`. */
function fieldsOf(text: string, prefix: string): Map<string, number> | undefined {
  const first = text.startsWith(prefix) ? 0 : text.indexOf(`\n${prefix}`) + 1;
  if (first === 0 && !text.startsWith(prefix)) return undefined;
  const firstEnd = text.indexOf('\n', first);
  if (firstEnd < 0 || !text.startsWith(prefix, firstEnd + 1)) return undefined;
  const secondEnd = text.indexOf('\n', firstEnd + 1);
  const names = text.slice(first, firstEnd).split(' ');
  const values = text.slice(firstEnd + 1, secondEnd < 0 ? text.length : secondEnd).split(' ');
  const fields = new Map<string, number>();
  for (let i = 1; i < names.length; i++) {
    const value = Number(values[i]);
    if (Number.isFinite(value)) fields.set(names[i] ?? '', value);
  }
  return fields;
}

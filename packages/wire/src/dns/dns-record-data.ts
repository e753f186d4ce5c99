import { formatAddress } from '../address.ts';
import { readUint16, readUint32, readUint8 } from '../bytes.ts';
import {
  SVC_PARAM_IPV4_HINT,
  SVC_PARAM_IPV6_HINT,
  TYPE_A,
  TYPE_AAAA,
  TYPE_CNAME,
  TYPE_DNAME,
  TYPE_HTTPS,
  TYPE_MX,
  TYPE_NS,
  TYPE_OPT,
  TYPE_PTR,
  TYPE_SOA,
  TYPE_SRV,
  TYPE_SVCB,
  TYPE_TXT,
} from './constants.ts';
import { DnsNameReader } from './dns-name.ts';

/** Data of a record by kind; `raw` is a type that is not decoded. Byte arrays are copies. */
export type DnsRecordData =
  | { readonly kind: 'A' | 'AAAA'; readonly address: string }
  | { readonly kind: 'CNAME' | 'NS' | 'PTR' | 'DNAME'; readonly target: string }
  | { readonly kind: 'MX'; readonly preference: number; readonly exchange: string }
  | { readonly kind: 'SRV'; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly kind: 'TXT'; readonly texts: readonly Uint8Array[] }
  | DnsSoaData
  | DnsServiceData
  | DnsOptData
  | { readonly kind: 'raw'; readonly bytes: Uint8Array };

export interface DnsSoaData {
  readonly kind: 'SOA';
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  readonly expireSeconds: number;
  readonly minimumSeconds: number;
}

/** RFC 9460. Priority 0 is AliasMode. */
export interface DnsServiceData {
  readonly kind: 'SVCB' | 'HTTPS';
  readonly priority: number;
  readonly target: string;
  readonly parameters: readonly { readonly key: number; readonly value: Uint8Array }[];
  readonly ipv4Hints: readonly string[];
  readonly ipv6Hints: readonly string[];
}

/** RFC 6891 6.1. */
export interface DnsOptData {
  readonly kind: 'OPT';
  readonly udpPayloadSize: number;
  readonly extendedRcode: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  readonly options: readonly { readonly code: number; readonly value: Uint8Array }[];
}

const names = new DnsNameReader();

/**
 * Data of the record whose type field is at `fields` and whose data ends at `dataEnd`; undefined when it does not fit
 * its type.
 */
export function decodeRecordData(bytes: Uint8Array, start: number, fields: number, dataEnd: number): DnsRecordData | undefined {
  const type = readUint16(bytes, fields);
  const data = fields + 10;
  const length = dataEnd - data;
  switch (type) {
    case TYPE_A:
      return length === 4 ? { kind: 'A', address: formatAddress(bytes, data, 4) } : undefined;
    case TYPE_AAAA:
      return length === 16 ? { kind: 'AAAA', address: formatAddress(bytes, data, 16) } : undefined;
    case TYPE_CNAME:
      return decodeTarget('CNAME', bytes, start, data, dataEnd);
    case TYPE_NS:
      return decodeTarget('NS', bytes, start, data, dataEnd);
    case TYPE_PTR:
      return decodeTarget('PTR', bytes, start, data, dataEnd);
    case TYPE_DNAME:
      return decodeTarget('DNAME', bytes, start, data, dataEnd);
    case TYPE_MX: {
      const exchange = readLastName(bytes, start, data + 2, dataEnd);
      return exchange === undefined ? undefined : { kind: 'MX', preference: readUint16(bytes, data), exchange };
    }
    case TYPE_SRV: {
      const target = readLastName(bytes, start, data + 6, dataEnd);
      if (target === undefined) return undefined;
      const [priority, weight, port] = [readUint16(bytes, data), readUint16(bytes, data + 2), readUint16(bytes, data + 4)];
      return { kind: 'SRV', priority, weight, port, target };
    }
    case TYPE_SOA:
      return decodeSoa(bytes, start, data, dataEnd);
    case TYPE_TXT:
      return decodeTxt(bytes, data, dataEnd);
    case TYPE_HTTPS:
      return decodeService('HTTPS', bytes, start, data, dataEnd);
    case TYPE_SVCB:
      return decodeService('SVCB', bytes, start, data, dataEnd);
    case TYPE_OPT:
      return decodeOpt(bytes, fields, dataEnd);
    default:
      return { kind: 'raw', bytes: bytes.slice(data, dataEnd) };
  }
}

function decodeTarget(
  kind: 'CNAME' | 'NS' | 'PTR' | 'DNAME',
  bytes: Uint8Array,
  start: number,
  data: number,
  dataEnd: number,
): DnsRecordData | undefined {
  const target = readLastName(bytes, start, data, dataEnd);
  return target === undefined ? undefined : { kind, target };
}

/** A name that must reach exactly to the end of the data. */
function readLastName(bytes: Uint8Array, start: number, at: number, dataEnd: number): string | undefined {
  const name = names.read(bytes, start, dataEnd, at);
  return names.end === dataEnd ? name : undefined;
}

function decodeSoa(bytes: Uint8Array, start: number, data: number, dataEnd: number): DnsSoaData | undefined {
  const primary = names.read(bytes, start, dataEnd, data);
  if (primary === undefined) return undefined;
  const mailbox = names.read(bytes, start, dataEnd, names.end);
  const at = names.end;
  if (mailbox === undefined || at + 20 !== dataEnd) return undefined;
  return {
    kind: 'SOA',
    primary,
    mailbox,
    serial: readUint32(bytes, at),
    refreshSeconds: readUint32(bytes, at + 4),
    retrySeconds: readUint32(bytes, at + 8),
    expireSeconds: readUint32(bytes, at + 12),
    minimumSeconds: readUint32(bytes, at + 16),
  };
}

function decodeTxt(bytes: Uint8Array, data: number, dataEnd: number): DnsRecordData | undefined {
  const texts: Uint8Array[] = [];
  let at = data;
  while (at < dataEnd) {
    const end = at + 1 + readUint8(bytes, at);
    if (end > dataEnd) return undefined;
    texts.push(bytes.slice(at + 1, end));
    at = end;
  }
  return { kind: 'TXT', texts };
}

function decodeService(
  kind: 'SVCB' | 'HTTPS',
  bytes: Uint8Array,
  start: number,
  data: number,
  dataEnd: number,
): DnsServiceData | undefined {
  const target = names.read(bytes, start, dataEnd, data + 2);
  if (target === undefined) return undefined;
  const options = decodeOptions(bytes, names.end, dataEnd);
  if (options === undefined) return undefined;
  const ipv4Hints = formatHints(options, SVC_PARAM_IPV4_HINT, 4);
  const ipv6Hints = formatHints(options, SVC_PARAM_IPV6_HINT, 16);
  if (ipv4Hints === undefined || ipv6Hints === undefined) return undefined;
  const parameters = options.map(({ code, value }) => ({ key: code, value }));
  return { kind, priority: readUint16(bytes, data), target, parameters, ipv4Hints, ipv6Hints };
}

function formatHints(options: DnsOptData['options'], code: number, size: 4 | 16): readonly string[] | undefined {
  const hints: string[] = [];
  for (const option of options) {
    if (option.code !== code) continue;
    if (option.value.length % size !== 0) return undefined;
    for (let at = 0; at < option.value.length; at += size) hints.push(formatAddress(option.value, at, size));
  }
  return hints;
}

function decodeOpt(bytes: Uint8Array, fields: number, dataEnd: number): DnsOptData | undefined {
  const options = decodeOptions(bytes, fields + 10, dataEnd);
  if (options === undefined) return undefined;
  return {
    kind: 'OPT',
    udpPayloadSize: readUint16(bytes, fields + 2),
    extendedRcode: readUint8(bytes, fields + 4),
    version: readUint8(bytes, fields + 5),
    dnssecOk: (readUint8(bytes, fields + 6) & 0x80) !== 0,
    options,
  };
}

/** Codes and lengths of 16 bits, as EDNS options and SvcParams both have them. */
function decodeOptions(bytes: Uint8Array, from: number, dataEnd: number): DnsOptData['options'] | undefined {
  const options: { readonly code: number; readonly value: Uint8Array }[] = [];
  let at = from;
  while (at < dataEnd) {
    if (at + 4 > dataEnd) return undefined;
    const end = at + 4 + readUint16(bytes, at + 2);
    if (end > dataEnd) return undefined;
    options.push({ code: readUint16(bytes, at), value: bytes.slice(at + 4, end) });
    at = end;
  }
  return options;
}

/** Record types (IANA "DNS Parameters"). */
export const TYPE_A = 1;
export const TYPE_NS = 2;
export const TYPE_CNAME = 5;
export const TYPE_SOA = 6;
export const TYPE_PTR = 12;
export const TYPE_MX = 15;
export const TYPE_TXT = 16;
export const TYPE_AAAA = 28;
export const TYPE_SRV = 33;
export const TYPE_DNAME = 39;
export const TYPE_OPT = 41;
export const TYPE_SVCB = 64;
export const TYPE_HTTPS = 65;
export const TYPE_ANY = 255;

export const CLASS_IN = 1;

/** RFC 1035 4.1.1. */
export const DNS_HEADER_LENGTH = 12;
/** RFC 1035 2.3.4: octets of a name in wire form, the root's zero included. */
export const MAX_NAME_OCTETS = 255;
export const MAX_LABEL_OCTETS = 63;

/** SvcParamKeys (RFC 9460 14.3.2). */
export const SVC_PARAM_IPV4_HINT = 4;
export const SVC_PARAM_IPV6_HINT = 6;

/**
 * Why bytes are not a DNS message (or not an answer that can be used).
 * - `too-short`: no room for the header or the question
 * - `not-a-response`, `opcode`, `question-count`: a query, another kind of message, not exactly one question
 * - `bad-name`: a label over 63 or a name over 255 octets, a pointer forward or into the header, or past the end
 * - `bad-record`: a record that runs past the end, or whose data does not fit its type
 */
export type DnsReason = 'too-short' | 'not-a-response' | 'opcode' | 'question-count' | 'bad-name' | 'bad-record';

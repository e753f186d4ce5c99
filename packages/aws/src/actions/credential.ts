/** Who signed a request, for which service and region; the secret part is never looked at. */
export interface RequestCredential {
  /** Account of the access key, decoded from its id. */
  readonly account?: string;
  readonly region?: string;
  /** Signing name of the service. */
  readonly service?: string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The account in an access key id (AKIA…, ASIA…): after the four-letter prefix the id is base32; of its first six bytes
 * the account number is the bits 7 to 46. Ids from before 2019 (fifth letter below `I` in rare forms) give no sound number.
 */
export function accountOfAccessKey(keyId: string): string | undefined {
  if (!/^A[A-Z]{3}[A-Z2-7]{12,}$/.test(keyId)) return undefined;
  let bits = 0n;
  for (const letter of keyId.slice(4, 14)) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(letter));
  // 50 bits; the first six bytes are the upper 48.
  const six = bits >> 2n;
  const account = ((six & 0x7fffffffff80n) >> 7n).toString();
  return account.length <= 12 ? account.padStart(12, '0') : undefined;
}

/** Reads the credential scope from the header, a presigned URL (Signature versions 4, 4A and 2), or a form. */
export function readCredential(headers: Readonly<Record<string, string | undefined>>, query: URLSearchParams): RequestCredential {
  const header = headers['authorization'] ?? '';
  const scope = /Credential=([^,\s]+)/.exec(header)?.[1] ?? query.get('X-Amz-Credential') ?? undefined;
  const regionSet = (headers['x-amz-region-set'] ?? query.get('X-Amz-Region-Set') ?? '').split(',')[0];
  if (scope !== undefined) return fromScope(decode(scope), regionSet);
  const key = /^AWS ([A-Z0-9]+):/.exec(header)?.[1] ?? query.get('AWSAccessKeyId') ?? undefined;
  if (key === undefined) return {};
  const account = accountOfAccessKey(key);
  return account === undefined ? {} : { account };
}

/** Of any partition, also ones to come, and of sets (`us-*`); a client may write there what it likes. */
const REGION = /^[a-z0-9*-]{1,40}$/;

function fromScope(scope: string, regionSet: string | undefined): RequestCredential {
  const parts = scope.split('/');
  const account = accountOfAccessKey(parts[0] ?? '');
  // KEY/DATE/REGION/SERVICE/aws4_request, or KEY/DATE/SERVICE/aws4_request with a set of regions (4A).
  const isSet = parts.length === 4;
  const region = isSet ? (regionSet === '' || regionSet === '*' ? undefined : regionSet) : parts[2];
  const service = isSet ? parts[2] : parts[3];
  return {
    ...(account === undefined ? {} : { account }),
    ...(region === undefined || !REGION.test(region) ? {} : { region }),
    ...(service === undefined || service === '' ? {} : { service: service.toLowerCase() }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

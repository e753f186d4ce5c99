/** An HTTP request as it was on the wire, as far as it tells what it asks for. */
export interface AwsHttpRequest {
  readonly method: string;
  /** Host with or without port. */
  readonly host: string;
  /** Still percent-encoded. */
  readonly path: string;
  /** Without `?`, still percent-encoded. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The first bytes of the body. */
  readonly body: Uint8Array;
}

/** One thing that a caller must be allowed to do. */
export interface ActionPair {
  /** `s3:GetObject`. */
  readonly action: string;
  /** ARN, possibly with `*`, or `*`. */
  readonly resource: string;
}

/** What a request needs, by the rules of IAM. */
export interface AwsCall {
  /** Prefix of the service's actions: `s3`, `dynamodb`. */
  readonly service: string;
  readonly operation: string;
  /** Twelve digits, when the signature or the request tells. */
  readonly account?: string;
  readonly region?: string;
  readonly pairs: readonly ActionPair[];
}

/** What fills the fixed places of an ARN. */
export interface ArnContext {
  readonly partition: string;
  /** `*` when unknown. */
  readonly region: string;
  /** `*` when unknown. */
  readonly account: string;
}

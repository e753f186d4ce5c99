/** A way to a mapper: what requests are sent through, and what is known of the cluster around it. */
export interface MapperWay {
  /** For messages: its address, or `namespace/service`. */
  readonly name: string;
  /** For the API client. */
  readonly url: string;
  readonly fetch: typeof fetch;
  /**
   * A short-lived token of one of the mapper's ServiceAccounts, by TokenRequest; absent where no cluster is known that
   * could give one. The user's own credentials are never sent to a mapper.
   */
  readonly requestToken?: (account: string, signal: AbortSignal) => Promise<string>;
  /** Address of the web UI for a browser on this machine. */
  openWeb(): Promise<string>;
  /** Why the last connection failed or was cut, in words, if one was. */
  lastError(): string | undefined;
  close(): Promise<void>;
}

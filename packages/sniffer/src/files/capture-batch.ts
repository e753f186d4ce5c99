/**
 * A run of records in order of time, as columns: record `i` is `bytes[i]` from `offsets[i]`, `capturedLengths[i]` long.
 * The batch and its bytes are valid until the next one is asked for.
 */
export interface CaptureBatch {
  readonly count: number;
  readonly bytes: readonly Uint8Array[];
  readonly offsets: Int32Array;
  readonly capturedLengths: Int32Array;
  readonly originalLengths: Int32Array;
  /** LINKTYPE_ numbers. */
  readonly linkTypes: Int32Array;
  /** Milliseconds since the Unix epoch with a fraction. */
  readonly ats: Float64Array;
  /** Which of the files, in the order of the paths given. */
  readonly files: Uint16Array;
}

/** Records of one batch: enough that the price of a promise does not count. */
export const BATCH_RECORDS = 4096;

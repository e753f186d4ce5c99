/**
 * An expected failure with a stable code. The message says what is wrong, where,
 * and what to do next; `fields` carry the values for structured logs.
 * Each module declares the union of its own codes and narrows `code` to it.
 */
export class AppError<Code extends string = string> extends Error {
  override readonly name: string = 'AppError';
  readonly code: Code;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, options: { fields?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? {};
  }
}

/** True for every AppError, also one that another bundle created. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && typeof (error as AppError).code === 'string';
}

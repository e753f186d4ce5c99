import { AppError } from '@nm/core';

export type StoreErrorCode =
  | 'store_url_invalid'
  | 'store_network_filesystem'
  | 'store_newer_schema'
  | 'store_unavailable'
  | 'store_value_invalid'
  | 'store_busy'
  | 'store_closed'
  | 'cursor_invalid'
  | 'cluster_name_taken'
  | 'backup_unsupported'
  | 'backup_failed';

/** What an operator or a caller of the store can act on. */
export class StoreError extends AppError<StoreErrorCode> {}

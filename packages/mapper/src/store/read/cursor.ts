import { StoreError } from '../store-error.ts';

/** The key itself, so that a page goes on at the same place though edges come and go. */
export function toCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/** @throws StoreError `cursor_invalid` */
export function afterOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (key !== '' && toCursor(key) === cursor && !key.includes('\0')) return key;
  throw new StoreError('cursor_invalid', 'the cursor is not one that a page of this store ended with: start again without it');
}

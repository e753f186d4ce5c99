import { AUTH_ERRORS } from './auth/identity.ts';
import { INGEST_ERRORS } from './ingest/ingest.ts';
import type { StoreErrorCode } from './store/store-error.ts';
import { CERTIFICATE_ERRORS } from './tls/certificate-keeper.ts';
import { CHANGES_ERRORS } from './views/changes-view.ts';
import { OVERVIEW_ERRORS } from './views/overview-view.ts';

const STORE_ERRORS: Readonly<Record<StoreErrorCode, string>> = {
  store_url_invalid: 'The option --store is neither sqlite:PATH, sqlite::memory: nor postgres://….',
  store_network_filesystem: 'SQLite would lie on a network file system, where its locks do not hold. Use a local volume, or PostgreSQL.',
  store_newer_schema: 'The database was written by a newer version. Run that version, or restore a backup.',
  store_unavailable: 'The database cannot be opened or reached. The message names it; check the path, its permissions, or the server.',
  store_value_invalid: 'A number that cannot be stored exactly. Nothing of its batch was stored; a fault of the reporter.',
  store_busy: 'Too much waits to be stored. Reporters are told to come back; they lose nothing.',
  store_closed: 'The mapper is stopping.',
  cursor_invalid: 'The cursor of a page is not one that this query gave. Begin without it.',
  cluster_name_taken: 'Another cluster is stored under this name. Choose another --cluster-name.',
  backup_unsupported: 'Only SQLite is backed up by this command; use pg_dump for PostgreSQL.',
  backup_failed: 'The copy could not be written. The message says why.',
};

/** Every error of the mapper with what it means and what to do (docs/reference/errors.md is written from it). */
export const MAPPER_ERRORS: Readonly<Record<string, string>> = {
  ...AUTH_ERRORS,
  ...INGEST_ERRORS,
  ...CHANGES_ERRORS,
  ...OVERVIEW_ERRORS,
  ...STORE_ERRORS,
  ...CERTIFICATE_ERRORS,
  QUERY_TOO_LARGE: 'The query text is too long, too deep, or asks for too many fields. HTTP 422.',
  ARGUMENT_INVALID: 'An argument is out of its bounds. The message names it.',
  INTERNAL: 'Something that nobody expected. The mapper logs it under the id in the message.',
};

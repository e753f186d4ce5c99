import { access, readFile } from 'node:fs/promises';
import { loadOptions, OptionError } from '@nm/runtime';
import { MAPPER_OPTIONS } from './mapper-options.ts';
import { openSqlite } from './store/sqlite/open-sqlite.ts';
import { StoreError } from './store/store-error.ts';

export interface RunBackupSettings {
  readonly stdout: (text: string) => void;
  /** Against which a relative FILE resolves; the process's folder unless given. */
  readonly resolvePath?: (path: string) => string;
}

const SQLITE = 'sqlite:';
const USAGE = `Usage: network-mapper backup [--store sqlite:PATH] FILE

Copies the mapper's SQLite database to FILE, also while the mapper runs. FILE is whole when it appears; an older one is
replaced. --store (or NETWORK_MAPPER_STORE, or the file of --config) says which database, as for the mapper itself.
To restore it, stop the mapper and put FILE in the place of its database, without the files -wal and -shm beside it.
`;

/**
 * The command `network-mapper backup FILE`. Throws AppError for what a user can mend: OptionError, StoreError
 * `backup_unsupported`, `backup_failed`, `store_unavailable`.
 */
export async function runBackup(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  settings: RunBackupSettings,
): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    settings.stdout(USAGE);
    return;
  }
  const { values, positional } = await loadOptions(
    MAPPER_OPTIONS,
    { argv, env, readFile: (path) => readFile(path, 'utf8') },
    { part: 'mapper' },
  );
  const [target] = positional;
  if (target === undefined || positional.length > 1)
    throw new OptionError('option_invalid', 'name one file to write: network-mapper backup [--store sqlite:PATH] FILE');
  const path = await existingDatabase(values.store);
  const backend = openSqlite(path);
  try {
    await backend.backup(settings.resolvePath?.(target) ?? target);
  } finally {
    await backend.close();
  }
  settings.stdout(`${path} copied to ${target}\n`);
}

/** Opening a file that is not there would create it, and its copy would be a backup of nothing. */
async function existingDatabase(url: string): Promise<string> {
  const path = url.slice(SQLITE.length);
  if (!url.startsWith(SQLITE) || path === ':memory:') {
    throw new StoreError('backup_unsupported', 'only a SQLite file is backed up here; for PostgreSQL use its own tools, such as pg_dump');
  }
  await access(path).catch((error: unknown) => {
    throw new StoreError('backup_failed', `there is no database ${path}: say with --store which one the mapper uses`, { cause: error });
  });
  return path;
}

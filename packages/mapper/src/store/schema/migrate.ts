import { Migrator } from 'kysely/migration';
import type { Backend } from '../backend.ts';
import { StoreError } from '../store-error.ts';
import { migrationsFor } from './migrations.ts';

/** Brings the database to this program's schema. @throws StoreError `store_newer_schema` */
export async function migrate(backend: Backend): Promise<void> {
  const migrations = migrationsFor(backend.kind);
  const migrator = new Migrator({ db: backend.db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  await refuseNewer(backend, new Set(Object.keys(migrations)));
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('the schema migration failed', { cause: error });
}

async function refuseNewer(backend: Backend, known: ReadonlySet<string>): Promise<void> {
  const tables = await backend.db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return;
  const done = await backend.db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute();
  const newer = done.map(({ name }) => name).filter((name) => !known.has(name));
  if (newer.length === 0) return;
  throw new StoreError(
    'store_newer_schema',
    `${backend.location} was written by a newer version of this program (schema ${newer.join(', ')}): start that version, or restore a backup`,
    { fields: { newer } },
  );
}

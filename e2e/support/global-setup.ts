import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, command, loadImage, makeNodeRootfs, startCluster } from './cluster.ts';

/** Once for all tests with a cluster: the cluster, the image of this checkout, and the image of the shop's programs. */
export async function setup(): Promise<void> {
  await startCluster();
  await command('npm', ['run', '-s', 'build']);
  await command(process.execPath, ['tools/build-image.ts', '--load', 'network-mapper:e2e']);
  const folder = mkdtempSync(join(tmpdir(), 'network-mapper-shop-'));
  try {
    await makeNodeRootfs(folder);
    mkdirSync(join(folder, 'app'));
    cpSync(join(ROOT, 'e2e', 'shop', 'main.js'), join(folder, 'app', 'main.mjs'));
    await buildGoClient(join(folder, 'app', 'go-client'));
    await loadImage('shop:e2e', folder, { Entrypoint: ['node', '/app/main.mjs'] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Go is there, because the cluster's own programs are made with it. Without cgo it resolves names by itself. */
async function buildGoClient(output: string): Promise<void> {
  const PATH = `${process.env['PATH'] ?? ''}:/usr/local/go/bin`;
  await command('env', [
    `PATH=${PATH}`,
    'CGO_ENABLED=0',
    'go',
    'build',
    '-trimpath',
    '-ldflags=-s -w',
    '-o',
    output,
    './e2e/shop/go-client/main.go',
  ]);
}

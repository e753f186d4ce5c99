import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { imageSbom } from './image-sbom.ts';

/** Users of the image. 65532 is the number that distroless images and many policies call "nonroot". */
export const IMAGE_USER = 65_532;

/** How a container of the image starts; its arguments choose the part. */
export const IMAGE_CONFIG = {
  Entrypoint: ['/usr/bin/node', '/app/network-mapper.mjs'],
  Cmd: ['--help'],
  User: `${IMAGE_USER}:${IMAGE_USER}`,
  WorkingDir: '/tmp',
  Env: ['PATH=/usr/bin', 'NODE_ENV=production'],
} as const;

/** What of dist/ is for developers only. */
const LEFT_OUT = new Set(['metafile.json']);

export interface ImageFilesOptions {
  /** Folder of `npm run build`. */
  readonly dist: string;
  /** Root of the checkout. */
  readonly root: string;
  /** The Node.js program that goes in. */
  readonly node: string;
  /** Folder to write; what was there goes. */
  readonly output: string;
}

/**
 * Writes the image's root file system: Node.js with the libraries that it is linked to, the bundles, three files of
 * /etc and a writable /tmp. No shell, no package manager, no certificates (Node.js brings its own). deploy/Dockerfile
 * and the test cluster both use it, so what is tested is what ships.
 */
export function writeImageFiles(options: ImageFilesOptions): void {
  const { output } = options;
  const at = (path: string): string => join(output, path);
  rmSync(output, { recursive: true, force: true });
  for (const folder of ['app', 'etc', 'usr/bin', 'tmp', 'proc', 'sys', 'dev', 'run']) mkdirSync(at(folder), { recursive: true });
  chmodSync(at('tmp'), 0o1777);

  copyFileSync(options.node, at('usr/bin/node'));
  for (const library of sharedLibraries(options.node)) {
    mkdirSync(dirname(at(library)), { recursive: true });
    copyFileSync(library, at(library));
  }

  cpSync(options.dist, at('app'), { recursive: true, filter: (file) => !LEFT_OUT.has(file.slice(options.dist.length + 1)) });
  copyFileSync(join(options.root, 'LICENSE'), at('app/LICENSE'));
  writeFileSync(at('app/sbom.cdx.json'), `${JSON.stringify(imageSbom(options), null, 1)}\n`);

  // So that `kubectl exec` can run commands by their names.
  writeFileSync(at('usr/bin/network-mapper'), "#!/usr/bin/node\nimport '/app/network-mapper.mjs';\n");
  chmodSync(at('usr/bin/network-mapper'), 0o755);

  writeFileSync(at('etc/passwd'), `root:x:0:0:root:/:/nologin\nnonroot:x:${IMAGE_USER}:${IMAGE_USER}:nonroot:/tmp:/nologin\n`);
  writeFileSync(at('etc/group'), `root:x:0:\nnonroot:x:${IMAGE_USER}:\n`);
  // Without it the C library would not ask DNS on some systems.
  writeFileSync(at('etc/nsswitch.conf'), 'hosts: files dns\n');
}

/** Files that the program needs to start: its interpreter and libraries, where it looks for them. */
function sharedLibraries(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).split('\n');
  const files = lines.flatMap((line) => /(?:=> )?(\/[^ ]+) \(0x/.exec(line)?.[1] ?? []);
  return [...new Set(files)];
}

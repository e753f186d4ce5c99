import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodeElfNeeds } from './elf.ts';
import { imageSbom } from './image-sbom.ts';

/** Architectures of images, with the names that Debian's folders of libraries have. */
export const IMAGE_ARCHITECTURES = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;
export type ImageArchitecture = keyof typeof IMAGE_ARCHITECTURES;

/** Users of the image. 65532 is the number that distroless images and many policies call "nonroot". */
export const IMAGE_USER = 65_532;

/** How a container of the image starts; its arguments choose the part. */
export const IMAGE_CONFIG = {
  Entrypoint: ['/usr/bin/node', '/app/network-mapper.mjs'],
  Cmd: ['--help'],
  User: `${IMAGE_USER}:${IMAGE_USER}`,
  WorkingDir: '/tmp',
  // glibc gives threads arenas of their own, which keep what was freed: 10 MiB of a mapper under load.
  Env: ['PATH=/usr/bin', 'NODE_ENV=production', 'MALLOC_ARENA_MAX=2'],
} as const;

/** What of dist/ is for developers only, or for the architecture of this machine. */
const LEFT_OUT = new Set(['metafile.json', 'node_modules/@koromix']);

export interface ImageFilesOptions {
  /** Folder of `npm run build`. */
  readonly dist: string;
  /** Root of the checkout. */
  readonly root: string;
  readonly arch: ImageArchitecture;
  /** The Node.js program that goes in. */
  readonly node: string;
  readonly nodeVersion: string;
  /** Root of the system that has its libraries; of this machine: `/`. */
  readonly sysroot: string;
  /** Folder of the package with koffi's native file for the architecture. */
  readonly koffi: string;
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
  for (const [library, source] of sharedLibraries(options)) {
    mkdirSync(dirname(at(library)), { recursive: true });
    copyFileSync(source, at(library));
  }

  cpSync(options.dist, at('app'), { recursive: true, filter: (file) => !LEFT_OUT.has(file.slice(options.dist.length + 1)) });
  for (const file of ['package.json', 'index.js', `linux_${options.arch}/koffi.node`])
    cpSync(join(options.koffi, file), at(join('app', koffiPackage(options.arch), file)));
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

/** Where npm puts the package with koffi's native file. */
export function koffiPackage(arch: ImageArchitecture): string {
  return `node_modules/@koromix/koffi-linux-${arch}`;
}

/**
 * Files that the program needs to start, its dynamic linker and libraries: path in the image, and the file to copy.
 * The same whether the system keeps them in /usr/lib or in /lib, which are one folder by now.
 */
function sharedLibraries({ node, sysroot, arch }: ImageFilesOptions): ReadonlyMap<string, string> {
  const triplet = IMAGE_ARCHITECTURES[arch];
  const folders = [`lib/${triplet}`, `usr/lib/${triplet}`, 'lib64', 'usr/lib64', 'lib', 'usr/lib'];
  const find = (name: string): string => {
    const folder = folders.find((one) => existsSync(join(sysroot, one, name)));
    if (folder === undefined) throw new Error(`${node} needs ${name}, which is in no folder of libraries below ${sysroot}`);
    return `/${folder}/${name}`;
  };
  const { interpreter } = decodeElfNeeds(readFileSync(node));
  if (interpreter === undefined) throw new Error(`${node} is no program that is linked dynamically`);
  const found = new Map([[interpreter, join(sysroot, find(basename(interpreter)))]]);
  const visit = (file: string): void => {
    for (const name of decodeElfNeeds(readFileSync(file)).libraries) {
      if (name === basename(interpreter)) continue;
      const path = find(name);
      const inImage = path.replace(/^\/usr/, '');
      if (found.has(inImage)) continue;
      found.set(inImage, join(sysroot, path));
      visit(join(sysroot, path));
    }
  };
  visit(node);
  return found;
}

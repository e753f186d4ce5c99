import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { IMAGE_CONFIG } from './image-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dockerfile = readFileSync(`${root}/deploy/Dockerfile`, 'utf8');
const shipped = dockerfile.slice(dockerfile.indexOf('FROM scratch'));

/** Arguments of an instruction of the image that ships. */
function instruction(name: string): string {
  return new RegExp(`^${name} (.*)$`, 'm').exec(shipped)?.[1] ?? '';
}

describe('deploy/Dockerfile and the image of the test cluster', () => {
  test.each([
    ['ENTRYPOINT', JSON.parse(instruction('ENTRYPOINT')) as unknown, IMAGE_CONFIG.Entrypoint],
    ['CMD', JSON.parse(instruction('CMD')) as unknown, IMAGE_CONFIG.Cmd],
    ['USER', instruction('USER'), IMAGE_CONFIG.User],
    ['WORKDIR', instruction('WORKDIR'), IMAGE_CONFIG.WorkingDir],
    ['ENV', instruction('ENV').split(' '), IMAGE_CONFIG.Env],
  ])('agree on %s', (_, inDockerfile, inTests) => {
    expect(inDockerfile).toEqual(inTests);
  });

  test('have the same files, written by the same program', () => {
    expect(shipped.match(/^COPY .*$/gm)).toEqual(['COPY --from=files /rootfs /']);
    expect(dockerfile).toContain('node tools/build-image.ts --rootfs /rootfs');
  });

  test('are for both platforms', () => {
    expect(dockerfile).toContain('docker buildx build --platform linux/amd64,linux/arm64 -f deploy/Dockerfile');
  });

  test('have the Node.js that the workspace is tested with', () => {
    const { optionalDependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
      optionalDependencies: { node: string };
    };
    expect(dockerfile).toContain(`ARG NODE=node:${optionalDependencies.node}-`);
  });
});

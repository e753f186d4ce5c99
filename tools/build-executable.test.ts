import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { toKrewManifest, UNRELEASED } from './krew-manifest.ts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly shortDescription: string;
    readonly homepage: string;
    readonly platforms: readonly {
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
      readonly uri: string;
      readonly sha256: string;
      readonly files: readonly { readonly from: string; readonly to: string }[];
      readonly bin: string;
    }[];
  };
}

const template = readFileSync(new URL('../deploy/krew/network-mapper.yaml', import.meta.url), 'utf8');
const values = {
  version: '1.2.3',
  homepage: 'https://example.org/',
  releaseUrl: 'https://example.org/files/v{version}/',
  sha256: 'a'.repeat(64),
};
const manifest = parse(toKrewManifest(template, values)) as Manifest;

/** The rules of krew's own validation (docs: developer guide, plugin manifest). */
describe('krew manifest', () => {
  test('says what it is', () => {
    expect([manifest.apiVersion, manifest.kind]).toEqual(['krew.googlecontainertools.github.com/v1alpha2', 'Plugin']);
    expect(manifest.metadata.name).toMatch(/^[a-z0-9-]+$/);
    expect(manifest.spec.version).toBe('v1.2.3');
    expect(manifest.spec.shortDescription.length).toBeLessThan(60);
    expect(new URL(manifest.spec.homepage).protocol).toBe('https:');
  });
  test.each(manifest.spec.platforms.map((platform) => [platform.selector.matchLabels['os'] ?? '', platform] as const))(
    '%s',
    (os, platform) => {
      expect(['linux', 'darwin', 'windows']).toContain(os);
      expect(platform.selector.matchLabels['arch']).toMatch(/^(amd64|arm64)$/);
      expect(platform.uri).toMatch(/^https:\/\/.*\/v1\.2\.3\/.*\.(tar\.gz|zip)$/);
      expect(platform.sha256).toMatch(/^[0-9a-f]{64}$/);
      // kubectl finds `kubectl network-mapper` by this name: dashes of a command's name are underscores in the file's.
      expect(platform.bin).toBe('kubectl-network_mapper');
      expect(platform.files.map(({ from }) => from)).toEqual([platform.bin, 'LICENSE']);
    },
  );
  test('is filled in where the build makes the archive', () => {
    const script = readFileSync(new URL('build-executable.ts', import.meta.url), 'utf8');
    for (const { uri } of manifest.spec.platforms) {
      const file = uri.slice(uri.lastIndexOf('/') + 1);
      expect(script).toContain(`${file.slice(0, file.indexOf('linux'))}\${values.platform}.tar.gz`);
    }
    expect(script).toContain('toKrewManifest(');
  });
  test('leads nowhere before a release names its addresses', () => {
    const { spec } = parse(toKrewManifest(template, { ...values, ...UNRELEASED })) as Manifest;
    expect(new URL(spec.homepage).hostname).toMatch(/\.invalid$/);
    expect(spec.platforms.map(({ uri }) => uri)).toEqual(['https://release.invalid/v1.2.3/kubectl-network_mapper-linux-x64.tar.gz']);
  });
  test.each([
    ['an address without https', template, { ...values, releaseUrl: 'http://example.org' }, /releaseUrl must be an https address/],
    ['an address that would be more YAML', template, { ...values, homepage: 'https://a\nspec: {}' }, /homepage must be an https address/],
    ['a place that nobody fills in', `${template}\nx: {{new}}`, values, /asks for \{\{new\}\}/],
  ])('refuses %s', (_name, text, wrong, message) => expect(() => toKrewManifest(text, wrong)).toThrow(message));
});

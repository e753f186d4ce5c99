export interface KrewValues {
  readonly version: string;
  /** Where people read about it. */
  readonly homepage: string;
  /** Folder of the release's files; `{version}` in it is the version. */
  readonly releaseUrl: string;
  /** Of the archive, in hexadecimal digits. */
  readonly sha256: string;
}

/** Ends in .invalid (RFC 2606), so a manifest that a release forgot to fill in leads nowhere. */
export const UNRELEASED = { homepage: 'https://homepage.invalid/', releaseUrl: 'https://release.invalid/v{version}' } as const;

/** The manifest of deploy/krew with its places filled in and without its comments. */
export function toKrewManifest(template: string, values: KrewValues): string {
  for (const key of ['homepage', 'releaseUrl'] as const) {
    // krew downloads over HTTPS only; anything else would also be a way into the YAML.
    if (!/^https:\/\/[\w.~:/@%{}+-]+$/.test(values[key]))
      throw new Error(`${key} must be an https address, got ${JSON.stringify(values[key])}`);
  }
  const filled: Readonly<Record<string, string>> = {
    version: values.version,
    homepage: values.homepage,
    releaseUrl: values.releaseUrl.replaceAll('{version}', values.version).replace(/\/+$/, ''),
    sha256: values.sha256,
  };
  return template.replace(/^#.*\n/gm, '').replace(/\{\{(\w+)\}\}/g, (_place, name: string) => {
    const value = filled[name];
    if (value === undefined) throw new Error(`the krew manifest asks for {{${name}}}, which nobody fills in`);
    return value;
  });
}

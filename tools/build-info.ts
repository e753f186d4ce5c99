import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BuildInfo {
  readonly version: string;
  readonly commit?: string;
  /** The commit's time, RFC 3339, so that equal sources give equal builds. */
  readonly date?: string;
}

/** What `version` prints; a source archive, which is no checkout, knows its version only. */
export function readBuildInfo(root: string): BuildInfo {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  try {
    const [commit, date] = execFileSync('git', ['log', '-1', '--format=%H %cI'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(' ');
    return { version, ...(commit !== undefined && { commit }), ...(date !== undefined && { date }) };
  } catch {
    return { version };
  }
}

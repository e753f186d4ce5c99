import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ClusterChange } from '@nm/core';
import { afterEach, beforeEach } from 'vitest';
import { loadDumps } from '../load-dumps.ts';
import type { DumpWarning } from '../warnings.ts';

export const T0 = Date.parse('2026-01-01T00:00:00Z');
/** So many seconds after T0. */
export const at = (second: number): string => new Date(T0 + second * 1000).toISOString();

/** What every test of dumps starts from: a folder of its own, and no warning yet. */
export interface GivenDumps {
  readonly folder: string;
  /** Of all loads of the test. */
  readonly warnings: readonly DumpWarning[];
  /** Writes files whose modification time is `modifiedAt` seconds after T0, 1,000 unless given. */
  write(files: Readonly<Record<string, unknown>>, modifiedAt?: number): void;
  load(...names: string[]): Promise<ClusterChange[]>;
}

export function givenDumps(): GivenDumps {
  let folder = '';
  let warnings: DumpWarning[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nm-dump-'));
    warnings = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return {
    get folder(): string {
      return folder;
    },
    get warnings(): readonly DumpWarning[] {
      return warnings;
    },
    write(files, modifiedAt = 1000): void {
      for (const [name, content] of Object.entries(files)) {
        const path = join(folder, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 2));
        utimesSync(path, new Date(T0 + modifiedAt * 1000), new Date(T0 + modifiedAt * 1000));
      }
    },
    load: (...names) =>
      loadDumps(
        names.map((name) => join(folder, name)),
        { onWarning: (warning) => warnings.push(warning) },
      ),
  };
}

interface PodOptions {
  readonly namespace?: string;
  readonly uid?: string;
  readonly created?: number;
  readonly version?: string;
}
/** A running pod, made `created` seconds after T0. */
export function pod(name: string, options: PodOptions = {}): object {
  const { namespace = 'shop', uid = `uid-${name}`, created = 0, version } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid, creationTimestamp: at(created), resourceVersion: version },
    status: { phase: 'Running', podIP: '10.0.0.1' },
  };
}
export const list = (...items: object[]): object => ({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items });

function nameOf(change: Exclude<ClusterChange, { type: 'range' }>): string {
  switch (change.type) {
    case 'pod':
      return change.pod.uid.replace('uid-', '');
    case 'endpoints':
      return change.endpoints.id;
    case 'service':
      return change.service.name;
    case 'node':
      return change.node.name;
    case 'namespace':
      return change.namespace.name;
    case 'owner':
      return change.owner.name;
    case 'entry':
      return change.entry.name;
    case 'networkPolicy':
    case 'authorizationPolicy':
      return change.policy.name;
    case 'clientIntents':
      return change.intents.name;
  }
}

/** Changes in short: `+name@second` seen, `-name@second` deleted. */
export function short(changes: readonly ClusterChange[]): string[] {
  return changes.map((change) => {
    if (change.type === 'range') return `range ${change.cidr}`;
    const name = nameOf(change);
    return `${change.deleted === true ? '-' : '+'}${name}@${change.at === undefined ? '?' : (change.at - T0) / 1000}`;
  });
}

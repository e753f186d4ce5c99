import type { AwsResourceLevel, ClientIntentsVersion, EdgeFilter } from '@nm/core';
import type { BuildMapOptions } from '../map/map-contract.ts';
import type { SourceOptions } from '../source/map-source.ts';

export const LIST_FORMATS = ['text', 'table', 'json', 'csv'] as const;
export const EXPORT_FORMATS = ['yaml', 'json', 'map', 'csv'] as const;
export const GRAPH_FORMATS = ['png', 'svg', 'jpg', 'dot', 'mermaid'] as const;
export const DIFF_FORMATS = ['text', 'table', 'json', 'markdown', 'csv'] as const;
export const STATUS_FORMATS = ['text', 'json', 'csv'] as const;
export const WATCH_FORMATS = ['text', 'table', 'json', 'csv'] as const;
export const POLICY_KINDS = ['aws'] as const;
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

/** What every reading command knows: where the map is, and which part of it. */
export interface ReadOptions {
  readonly source: SourceOptions;
  readonly filter: EdgeFilter;
  readonly distinctByLabel?: string;
  readonly asKubernetesService: boolean;
  /** Each object unless given. */
  readonly awsResourceLevel?: AwsResourceLevel;
  readonly showEvidence: boolean;
  readonly showPorts: boolean;
  /** A file, `-` or nothing for standard output. */
  readonly output?: string;
}

export interface Window {
  readonly since?: number;
  readonly until?: number;
}

/** The arguments as a value: parsing is a pure function, running is another. */
export type Command =
  | { readonly command: 'list'; readonly read: ReadOptions; readonly format: (typeof LIST_FORMATS)[number] }
  | {
      readonly command: 'export';
      readonly read: ReadOptions;
      readonly format: (typeof EXPORT_FORMATS)[number];
      readonly outputType: 'single-file' | 'dir';
      readonly version: ClientIntentsVersion;
      readonly includeDenied: boolean;
    }
  | { readonly command: 'visualize'; readonly read: ReadOptions; readonly format: (typeof GRAPH_FORMATS)[number] }
  | {
      readonly command: 'diff';
      readonly read: ReadOptions;
      readonly format: (typeof DIFF_FORMATS)[number];
      /** Map files, `-` or `cluster`; one when two windows of it are compared. */
      readonly operands: readonly string[];
      readonly windows: readonly [Window, Window];
      readonly counts: boolean;
    }
  | { readonly command: 'snapshot'; readonly read: ReadOptions }
  | { readonly command: 'policies'; readonly kind: (typeof POLICY_KINDS)[number]; readonly read: ReadOptions }
  | { readonly command: 'status'; readonly source: SourceOptions; readonly format: (typeof STATUS_FORMATS)[number] }
  | { readonly command: 'watch'; readonly read: ReadOptions; readonly format: (typeof WATCH_FORMATS)[number] }
  | { readonly command: 'reset'; readonly source: SourceOptions; readonly yes: boolean }
  | { readonly command: 'open'; readonly source: SourceOptions; readonly browser: boolean }
  | {
      readonly command: 'record';
      readonly source: Pick<SourceOptions, 'context' | 'kubeconfig'>;
      readonly output: string;
      readonly durationMs: number;
      readonly thisNode: boolean;
    }
  | { readonly command: 'map'; readonly build: BuildMapOptions; readonly output?: string; readonly quiet: boolean }
  | { readonly command: 'completion'; readonly shell: (typeof SHELLS)[number] }
  | { readonly command: 'version'; readonly format: 'text' | 'json' }
  | { readonly command: 'help'; readonly text: string };

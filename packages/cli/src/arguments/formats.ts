import { extname } from 'node:path';
import type { ClientIntentsVersion } from '@nm/core';
import { GRAPH_FORMATS } from './command.ts';
import { usage } from './read-options.ts';
import { parseWord } from './values.ts';

/** `v1`, `v2`, or the API version itself. */
export function parseOutputVersion(text: string): ClientIntentsVersion {
  const aliases: Readonly<Record<string, ClientIntentsVersion>> = {
    v1: 'v1alpha3',
    v1alpha3: 'v1alpha3',
    'k8s.otterize.com/v1alpha3': 'v1alpha3',
    v2: 'v2beta1',
    v2beta1: 'v2beta1',
    'k8s.otterize.com/v2beta1': 'v2beta1',
  };
  const version = Object.hasOwn(aliases, text) ? aliases[text] : undefined;
  return version ?? (parseWord('output version', ['v1', 'v2'])(text) as never);
}

/** A name without an ending is a PNG, as in the existing command line; an ending that promises something else is not. */
export function refuseUnknownEnding(output: string | undefined): void {
  if (output === undefined || output === '-') return;
  const ending = extname(output);
  if (ending !== '' && formatOfEnding(output) === undefined)
    throw usage(
      `visualize: ${ending} is no format that can be drawn: end the file's name in .png, .jpg, .svg, .dot or .mmd, or give --format`,
    );
}

/** The format that a file's name promises. */
export function formatOfEnding(output: string | undefined): (typeof GRAPH_FORMATS)[number] | undefined {
  const ending = /\.([a-z]+)$/i.exec(output ?? '')?.[1]?.toLowerCase();
  if (ending === 'jpeg') return 'jpg';
  if (ending === 'mmd') return 'mermaid';
  if (ending === 'gv') return 'dot';
  return GRAPH_FORMATS.find((one) => one === ending);
}

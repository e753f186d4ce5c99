import { AppError, MAX_POLICY_CHARACTERS, toIamPolicies } from '@nm/core';
import type { Edge } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { fullName } from '../list/peer-text.ts';
import { escapeUnsafe } from '../output/escape-unsafe.ts';
import { writeResult, writeTo } from '../output/write.ts';
import { loadEdges } from './load-edges.ts';

/** Workloads that an error names. */
const MAX_NAMED = 10;

/**
 * Prints the IAM policy that lets one workload do what it was seen doing, and nothing else. More than one document, as a
 * list, where one would be over IAM's quota.
 */
export async function runPolicies({ read }: Extract<Command, { command: 'policies' }>, host: CliHost): Promise<number> {
  const { edges } = await loadEdges(read, host);
  const clients = groupByClient(edges.filter(({ client, server }) => client.type === 'workload' && server.type === 'aws'));
  if (clients.size > 1) {
    const names = [...clients.keys()];
    const more = names.length > MAX_NAMED ? `, and ${names.length - MAX_NAMED} more` : '';
    throw new AppError(
      'USAGE',
      `${names.length} workloads called AWS, and a policy is for one: choose with --workload NAME and -n NAMESPACE (${names.slice(0, MAX_NAMED).join(', ')}${more})`,
    );
  }
  const policies = toIamPolicies([...clients.values()].flatMap((own) => own.flatMap(toAccess)));
  const [only] = policies;
  if (only === undefined) {
    if (edges.length > 0)
      await writeTo(host.stderr, `None of these ${edges.length} calls is a known action on AWS: is AWS visibility on for the pods?\n`);
    return exitCode('ok');
  }
  await writeResult(host, read.output, [`${escapeUnsafe(JSON.stringify(policies.length === 1 ? only : policies, null, 2))}\n`]);
  if (policies.length > 1) {
    await writeTo(
      host.stderr,
      `${policies.length} documents, because a managed policy holds at most ${MAX_POLICY_CHARACTERS} characters: attach each of them.\n`,
    );
  }
  return exitCode('ok');
}

/** By name for people; two kinds of one name and namespace share an account, so a policy too. */
function groupByClient(edges: readonly Edge[]): Map<string, Edge[]> {
  const clients = new Map<string, Edge[]>();
  for (const edge of edges) {
    const cluster = 'cluster' in edge.client ? edge.client.cluster : '';
    const name = `${fullName(edge.client)} of cluster ${cluster}`;
    const own = clients.get(name);
    if (own === undefined) clients.set(name, [edge]);
    else own.push(edge);
  }
  return clients;
}

function toAccess({ server, actions = [] }: Edge): { resource: string; actions: string[] }[] {
  return server.type === 'aws' && actions.length > 0 ? [{ resource: server.resource, actions: actions.map(({ action }) => action) }] : [];
}

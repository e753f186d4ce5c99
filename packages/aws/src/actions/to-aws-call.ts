import type { ActionPair, ArnContext, AwsCall, AwsHttpRequest } from './aws-request.ts';
import { readCredential } from './credential.ts';
import type { RequestCredential } from './credential.ts';
import { expandTemplate } from './expand-template.ts';
import { findOperation } from './find-operation.ts';
import type { FoundOperation } from './find-operation.ts';
import { findParameter } from './find-parameter.ts';
import type { RequestParameters } from './find-parameter.ts';
import { parseAwsHost } from './parse-host.ts';
import type { AwsHost } from './parse-host.ts';
import { readDataHost } from './read-data-host.ts';
import { readPartiql } from './read-partiql.ts';
import { readS3Request } from './read-s3-request.ts';
import { isS3Host } from './s3-target.ts';
import { servicesOfHost, servicesOfSigningName } from './service-table.ts';
import type { AwsService, PairRule } from './service-table.ts';

/**
 * What a request to an AWS endpoint needs by the rules of IAM. Undefined when the host is no AWS API or the request is none
 * of its operations. Pure; never throws on any input.
 */
export function toAwsCall(request: AwsHttpRequest): AwsCall | undefined {
  const host = parseAwsHost(request.host);
  if (host === undefined) return undefined;
  const query = new URLSearchParams(request.query);
  const credential = readCredential(request.headers, query);
  const region = host.region ?? credential.region;
  const account = credential.account ?? host.account;
  const context: ArnContext = { partition: partitionOf(host, region), region: region ?? '*', account: account ?? '*' };
  const known = { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) };
  const direct = isS3Host(host, request.path)
    ? readS3Request(host, request, query, context)
    : readDataHost(host, request, credential, context);
  if (direct !== undefined) {
    const pairs = distinct(direct);
    const service = pairs[0]?.action.split(':', 1)[0];
    return service === undefined ? undefined : { service, operation: pairs[0]?.action.slice(service.length + 1) ?? '', pairs, ...known };
  }
  const found = findOperation(candidates(host, credential), request, query);
  if (found === undefined) return undefined;
  const pairs = distinct(pairsOf(found, request, query, context));
  if (pairs.length === 0) return undefined;
  return { service: found.service.prefix, operation: found.operation.name, pairs, ...known };
}

/** Regions of GovCloud share the commercial suffix; a global host may leave it to the signature. */
function partitionOf(host: AwsHost, region: string | undefined): string {
  return host.partition === 'aws' && region?.startsWith('us-gov-') === true ? 'aws-us-gov' : host.partition;
}

/** Services behind a host; where it says too little, the signature's service decides. */
function candidates(host: AwsHost, credential: RequestCredential): AwsService[] {
  const signed = credential.service === undefined ? [] : servicesOfSigningName(credential.service);
  const isSigned = (service: AwsService): boolean => signed.includes(service);
  const exact = servicesOfHost(host.labels);
  const found = exact.toSorted((a, b) => Number(isSigned(b)) - Number(isSigned(a)));
  for (let drop = 1; drop < Math.min(host.labels.length, 3); drop += 1) {
    const dropped = host.labels.slice(0, drop).join('.');
    const services = servicesOfHost(host.labels.slice(drop));
    const fitting = services.filter(
      (service) =>
        isSigned(service) ||
        dropped === host.account ||
        service.hostPrefixes.some((prefix) => prefix === dropped || (prefix.includes('*') && prefix.length > 1)),
    );
    if (fitting.length > 0) return [...found, ...fitting.filter((service) => !found.includes(service))];
  }
  return found.length > 0 ? found : [...signed];
}

function pairsOf(
  { service, operation, labels, body }: FoundOperation,
  request: AwsHttpRequest,
  query: URLSearchParams,
  base: ArnContext,
): ActionPair[] {
  const parameters: RequestParameters = { labels, query, body, headers: request.headers };
  const context = withOwner(service, parameters, base);
  switch (operation.special) {
    case undefined:
      return expandRules(operation.pairs, parameters, context);
    case 'partiql':
      return readPartiql(
        [
          ...findParameter(parameters, 'Statement'),
          ...findParameter(parameters, 'Statements.Statement'),
          ...findParameter(parameters, 'TransactStatements.Statement'),
        ],
        context,
      );
    case 'rest-path':
      // API Gateway's actions are the HTTP methods, its resources the paths, those of version 2 without /v2.
      return [
        {
          action: `apigateway:${request.method}`,
          resource: `arn:${context.partition}:apigateway:${context.region}::${request.path.replace(/^\/v2(?=\/)/, '').replace(/\/$/, '')}`,
        },
      ];
    default:
      return [];
  }
}

/** Parameters that name the account of what is asked for, where it may be another's. */
const OWNERS: Readonly<Record<string, string>> = { ecr: 'registryId', glue: 'CatalogId', sqs: 'QueueOwnerAWSAccountId' };

function withOwner(service: AwsService, parameters: RequestParameters, context: ArnContext): ArnContext {
  const name = OWNERS[service.id];
  const [account] = name === undefined ? [] : findParameter(parameters, name);
  return account !== undefined && /^\d{12}$/.test(account) ? { ...context, account } : context;
}

function expandRules(rules: readonly PairRule[], parameters: RequestParameters, context: ArnContext): ActionPair[] {
  const expanded = rules.map((rule) => expandRule(rule, parameters, context));
  // Of the resources that an action may have, those that the request does not address are left out, if it addresses any.
  const addressed = new Set(expanded.filter(({ isAddressed }) => isAddressed).map(({ action }) => action));
  return expanded
    .filter(({ isUnaddressed, action }) => !(isUnaddressed && addressed.has(action)))
    .flatMap(({ action, resources }) => resources.map((resource) => ({ action, resource })));
}

interface ExpandedRule {
  readonly action: string;
  readonly resources: readonly string[];
  readonly isAddressed: boolean;
  readonly isUnaddressed: boolean;
}

function expandRule(rule: PairRule, parameters: RequestParameters, context: ArnContext): ExpandedRule {
  const expansions = rule.templates.map((template) => expandTemplate(template, parameters, context));
  const at = expansions.findIndex(({ isComplete }) => isComplete);
  const complete = expansions[at];
  const { action, isOptional } = rule;
  if (complete === undefined && isOptional) return { action, resources: [], isAddressed: false, isUnaddressed: true };
  const chosen = complete ?? expansions.at(-1);
  const resources = chosen === undefined || chosen.resources.length === 0 ? ['*'] : chosen.resources;
  const isAddressed = complete !== undefined && rule.templates[at]?.includes('{') === true;
  const isUnaddressed = !isAddressed && (chosen?.isUnaddressed === true || (rule.templates.length > 1 && resources[0] === '*'));
  return { action, resources, isAddressed, isUnaddressed };
}

function distinct(pairs: readonly ActionPair[]): ActionPair[] {
  const seen = new Map(pairs.map((pair) => [`${pair.action} ${pair.resource}`, pair]));
  return [...seen.values()];
}

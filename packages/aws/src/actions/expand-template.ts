import type { ArnContext } from './aws-request.ts';
import { findParameter, hasItemWithout, hasParameter } from './find-parameter.ts';
import type { RequestParameters } from './find-parameter.ts';

export interface Expansion {
  readonly resources: readonly string[];
  /** Every parameter was in the request. */
  readonly isComplete: boolean;
  /** It has parameters, and none that the request gives fits. */
  readonly isUnaddressed: boolean;
}

/** An ARN in the making; `isWhole` when a parameter gave all of it. */
interface Form {
  readonly text: string;
  readonly isWhole: boolean;
}

const VARIABLE = /\{([^{}]+)\}/g;
const MAX_RESOURCES = 100;

/**
 * ARNs of a template. `$P`, `$R`, `$A` are partition, region, account; `{A|B}` is the first of these parameters that is there,
 * `{=A}` a whole ARN, `{A?B}` needs B too; a modifier after `:` says how the value is read (`modify`).
 * What is missing becomes `*`; a value that is an ARN of the right form is the resource itself.
 */
export function expandTemplate(template: string, parameters: RequestParameters, context: ArnContext): Expansion {
  if (template === '*') return { resources: ['*'], isComplete: true, isUnaddressed: false };
  const variables = [...template.matchAll(VARIABLE)].map(([whole, text = '']) => ({
    whole,
    values: valuesOf(text, parameters).flatMap((value) => toPlainValue(value, template, context)),
  }));
  const isComplete = variables.every(({ values }) => values.length > 0);
  if (template.startsWith('{=') || /^\{[^{}]*:ec2\}$/.test(template)) return expandWhole(template, variables[0]?.values ?? [], context);
  let forms: readonly Form[] = [{ text: fixed(template, context), isWhole: false }];
  const pattern = toPattern(template);
  let misfit = false;
  variables.forEach(({ whole, values }, index) => {
    const isLast = index === variables.length - 1;
    forms = forms.flatMap((form): Form[] => {
      if (form.isWhole) return [form];
      if (values.length === 0) return [{ text: form.text.replace(whole, '*'), isWhole: false }];
      return values.flatMap((value): Form[] => {
        if (value.startsWith('arn:') && value.split(':').length >= 6) {
          if (pattern.test(value))
            return isLast || variables.length === 1 || (values.length === 1 && isFinest(value, template))
              ? [{ text: value, isWhole: true }]
              : [{ text: form.text.replace(whole, () => lastPart(value)), isWhole: false }];
          if (isLast) misfit = true;
          return isLast ? [] : [{ text: form.text.replace(whole, () => lastPart(value)), isWhole: false }];
        }
        return [{ text: form.text.replace(whole, () => value), isWhole: false }];
      });
    });
    forms = forms.slice(0, MAX_RESOURCES);
  });
  if (misfit && forms.length === 0)
    return { resources: [tidy(fixed(template, context).replace(VARIABLE, '*'))], isComplete: false, isUnaddressed: true };
  const resources = [...new Set(forms.map(({ text }) => tidy(text)))];
  return { resources, isComplete, isUnaddressed: !isComplete && variables.at(-1)?.values.length === 0 };
}

function expandWhole(template: string, values: readonly string[], context: ArnContext): Expansion {
  const isTagged = template.endsWith(':ec2}');
  const arns = values.flatMap((value) => (isTagged ? [ec2Arn(value, context)] : value.startsWith('arn:') ? [value] : []));
  return { resources: [...new Set(arns)], isComplete: arns.length > 0, isUnaddressed: arns.length === 0 };
}

function fixed(template: string, { partition, region, account }: ArnContext): string {
  return `arn:${template.replace('$P', partition).replace('$R', region).replace('$A', account)}`;
}

/** An ARN given for an early variable is the resource when it has as many parts as the template. */
function isFinest(value: string, template: string): boolean {
  const parts = (text: string): number => text.split(':').slice(5).join(':').split(/[/:]/).length;
  return parts(value) === parts(`arn:${template.replaceAll(/\{[^{}]+\}/g, 'x')}`);
}

const patterns = new Map<string, RegExp>();

/** Regular expression for whole ARNs of a template: bounded by the number of templates of the table. */
function toPattern(template: string): RegExp {
  const known = patterns.get(template);
  if (known !== undefined) return known;
  const body = template
    .replace(/\{[^{}]+\}/g, '\u0000')
    .replace(/\$[PRA]/g, '\u0001')
    .replace(/\*/g, '\u0000')
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('\u0000', '.+')
    .replaceAll('\u0001', '[^:]*');
  // Parts of a resource may carry a version or suffix after what the template says.
  const pattern = new RegExp(`^arn:${body}`);
  patterns.set(template, pattern);
  return pattern;
}

function lastPart(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1);
}

/** Doubled slashes between a fixed part and a value that brings its own; ids of organizations bring their `p-`, `ou-`, `h-` and so on. */
function tidy(arn: string): string {
  if (arn.startsWith('arn:aws:s3')) return arn;
  const single = arn.replace(/\/\/+/g, '/');
  return single.includes(':organizations:') ? single.replace(/\/([a-z]{1,2}-)\1/g, '/$1') : single;
}

function valuesOf(text: string, parameters: RequestParameters): string[] {
  const [, isWhole = '', body = '', modifier] = /^(=?)([^:]*)(?::(.*))?$/.exec(text) ?? [];
  const [names = '', condition] = body.split('?', 2);
  if (condition !== undefined && !isMet(condition, parameters)) return [];
  for (const name of names.split('|')) {
    const found = findParameter(parameters, name);
    if (modifier?.startsWith('each=') === true) return hasItemWithout(parameters, name) ? [...found, modifier.slice(5)] : found;
    if (found.length > 0) return isWhole === '=' ? found : found.flatMap((value) => modify(value, modifier));
  }
  return modifier?.startsWith('=') === true ? [modifier.slice(1)] : [];
}

/** `A` is there, or `A=x` has that value. */
function isMet(condition: string, parameters: RequestParameters): boolean {
  const [name = '', value] = condition.split('=', 2);
  return value === undefined ? hasParameter(parameters, name) : findParameter(parameters, name).includes(value);
}

/** Ids of Bedrock's inference profiles begin with where they lead to (Amazon Bedrock user guide, cross-region inference). */
const PROFILE = /^(?:global|us|us-gov|eu|apac|jp|au|ca|sa|me|af|il|mx)\.(?=[a-z0-9-]+\.)/;

/** `bare`: without the first slash; `last`: after the last slash; `bus`: an event bus that is not the default one; `rev`: with a revision;
 * `topic`: the topic of a subscription; `project`: the project of a build; `machine`: a state machine without version or alias;
 * `bar`: what stands before a bar; `bareurl`: without scheme; `mail`: an address without the name before it; `profile`: only ids of
 * inference profiles, `profiled` the model behind one; `registry`: the registry of a schema's ARN; `scope`: WAF's; `^x`: only values that begin
 * so. Also `=x`: when there is none; `each=x`: for the items of a list that have none. */
function modify(value: string, modifier: string | undefined): string[] {
  if (modifier?.startsWith('^') === true) return value.startsWith(modifier.slice(1)) ? [value] : [];
  switch (modifier ?? '') {
    case 'bare':
      return [value.replace(/^\//, '')];
    case 'last':
      return [value.slice(value.lastIndexOf('/') + 1)];
    case 'bus': {
      const name = lastPart(value);
      return name === 'default' ? [] : [name];
    }
    case 'project':
      return [value.startsWith('arn:') ? value : (value.split(':', 1)[0] ?? value)];
    case 'alias':
      return [value.replace(/^alias\//, '')];
    case 'topic':
      return [value.split(':').length > 6 ? value.slice(0, value.lastIndexOf(':')) : value];
    case 'machine':
      return [value.split(':').slice(0, 7).join(':')];
    case 'bar':
      return value.includes('|') ? [value.slice(0, value.indexOf('|'))] : [];
    case 'bareurl':
      return [value.replace(/^https?:\/\//, '').replace(/\/$/, '')];
    case 'mail':
      return [/<([^<>]+)>\s*$/.exec(value)?.[1] ?? value];
    case 'profile':
      return PROFILE.test(value) ? [value] : [];
    case 'profiled':
      return PROFILE.test(value) ? [value.replace(PROFILE, '')] : [];
    case 'scope':
      return [value === 'CLOUDFRONT' ? 'global' : value.toLowerCase()];
    case 'registry':
      return value.startsWith('arn:') ? [value.split('/')[1] ?? value] : [value];
    case 'rev':
      return [value.includes(':') ? value : `${value}:*`];
    default:
      return [value];
  }
}

/** Values that name a resource in a form of their service's own. */
function toPlainValue(value: string, template: string, { partition, region }: ArnContext): string[] {
  if (template.startsWith('$P:sqs:')) {
    const queue = /^https?:\/\/[^/]+\/(?:queue\/)?(\d{12})\/([^/?]+)\/?$/.exec(value);
    if (queue !== null) return [`arn:${partition}:sqs:${region}:${queue[1]}:${queue[2]}`];
  }
  if (template.startsWith('$P:kms:') && template.includes(':key/') && value.startsWith('alias/')) return ['*'];
  if (template.startsWith('$P:lambda:')) {
    const partial = /^(?:([a-z0-9-]+):)?(\d{12}):function:(.+)$/.exec(value);
    if (partial !== null && !value.startsWith('arn:'))
      return [`arn:${partition}:lambda:${partial[1] ?? region}:${partial[2]}:function:${partial[3]}`];
  }
  // A secret's ARN ends in six random characters that its name lacks (Secrets Manager user guide).
  if (template.startsWith('$P:secretsmanager:') && !(value.startsWith('arn:') && /-[A-Za-z0-9]{6}$/.test(value)))
    return [`${value}-??????`];
  // A parameter may be named with a version or label: name:3.
  if (template.includes(':parameter/{') && !value.startsWith('arn:')) return [value.split(':', 1)[0] ?? value];
  if (template.startsWith('$P:route53:')) return [value.slice(value.lastIndexOf('/') + 1)];
  return [value];
}

/** Types of EC2's resources by the prefix of their ids (EC2 user guide, resource ids). */
const EC2_TYPES: Readonly<Record<string, string>> = {
  i: 'instance',
  vol: 'volume',
  sg: 'security-group',
  sgr: 'security-group-rule',
  subnet: 'subnet',
  vpc: 'vpc',
  ami: 'image',
  snap: 'snapshot',
  eni: 'network-interface',
  rtb: 'route-table',
  igw: 'internet-gateway',
  nat: 'natgateway',
  acl: 'network-acl',
  eipalloc: 'elastic-ip',
  dopt: 'dhcp-options',
  vgw: 'vpn-gateway',
  cgw: 'customer-gateway',
  vpn: 'vpn-connection',
  pcx: 'vpc-peering-connection',
  vpce: 'vpc-endpoint',
  'vpce-svc': 'vpc-endpoint-service',
  lt: 'launch-template',
  key: 'key-pair',
  pg: 'placement-group',
  tgw: 'transit-gateway',
  'tgw-attach': 'transit-gateway-attachment',
  'tgw-rtb': 'transit-gateway-route-table',
  eigw: 'egress-only-internet-gateway',
  pl: 'prefix-list',
  cr: 'capacity-reservation',
  h: 'dedicated-host',
  fl: 'vpc-flow-log',
  fleet: 'fleet',
  sir: 'spot-instances-request',
  sfr: 'spot-fleet-request',
};

function ec2Arn(id: string, { partition, region, account }: ArnContext): string {
  const prefix = id.slice(0, Math.max(0, id.lastIndexOf('-')));
  return `arn:${partition}:ec2:${region}:${account}:${EC2_TYPES[prefix] ?? '*'}/${EC2_TYPES[prefix] === undefined ? '*' : id}`;
}

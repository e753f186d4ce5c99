import type { IamAction, IamService } from './iam-data.ts';
import type { ModelMember, ModelOperation } from './read-models.ts';

/**
 * The resources of one action: alternatives, the first whose parameters are all in the request is taken.
 * `isOptional`: nothing is said when none fits (else the last alternative with `*`).
 */
export interface ResourceRule {
  readonly alternatives: readonly string[];
  readonly isOptional: boolean;
}

interface Mapped {
  readonly template: string;
  readonly params: readonly string[];
  readonly isFull: boolean;
  /** Full, and each of its parameters is in every request. */
  readonly isSure: boolean;
  readonly isRequired: boolean;
}

const VERB =
  /^(BatchGet|BatchDelete|BatchUpdate|BatchCreate|Get|Describe|Delete|Update|Create|List|Put|Start|Stop|Modify|Cancel|Register|Deregister|Associate|Disassociate|Attach|Detach|Enable|Disable|Tag|Untag|Add|Remove|Set|Reset|Restore|Import|Export|Terminate|Reboot|Copy|Run|Send|Invoke|Search|Promote|Accept|Reject|Suspend|Resume|Test|Validate|Publish|Head|Batch|Execute)/;
const AFFIX = /(namewithpath|identifiers?|arns?|names?|ids?|uuids?|url)$/;
/** What services put before the nouns of their parameters and leave out in ARNs. */
const PREFIXED = ['db', 'cache', 'cluster', 'elasticsearch', 'email', 'replication', 'target', 'new', 'resource'];
const ANY_RESOURCE = /^(resource|resourcearn|resourcearns|resourcearnlist|resourcename|resourceidentifier|arn|resourcearnornames?)$/;

function norm(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function stem(text: string): string {
  const bare = norm(text).replace(AFFIX, '').replace(AFFIX, '');
  return bare.endsWith('ies') ? `${bare.slice(0, -3)}y` : bare.endsWith('ss') ? bare : bare.replace(/s$/, '');
}

function pathOf(member: ModelMember): string {
  return member.wire === member.name ? member.name : `${member.wire}|${member.name}`;
}

interface Scored {
  readonly score: number;
  readonly member: ModelMember;
}

const SYNONYMS: Readonly<Record<string, string>> = { jobflow: 'cluster' };

/** The noun before a label of the path: `cluster` for `name` in `/clusters/{name}/updates`. */
function collectionOf(uri: string, label: string): string {
  return stem(new RegExp(`/([a-zA-Z-]+)/\\{${label}\\+?\\}`).exec(uri)?.[1] ?? '');
}

/** `agentRuntimeId` may be the runtime of `runtime/${RuntimeId}/endpoint/…`; at the end of an ARN only a part of the path is sure enough. */
function mayEndSo(member: ModelMember, isLast: boolean): boolean {
  return (isLast ? member.isLabel : member.isRequired) && !/Arns?$/i.test(member.name);
}

/** Whether no other noun of the request ends so: `vectorBucket` is the bucket, but neither of `sourceBucket` and `targetBucket`. */
function isAlone(noun: string, ending: string, operation: ModelOperation): boolean {
  return operation.members.every(({ name, isText }) => !isText || stem(name) === noun || !stem(name).endsWith(ending));
}

function isRelated(member: string, type: string): boolean {
  return member === '' || member.includes(type) || type.includes(member);
}

/** Where a variable stands in an ARN. */
interface Place {
  readonly type: string;
  /** The noun before it: `apps` in `apps/${AppId}`. */
  readonly collection: string;
  readonly isLast: boolean;
  readonly isOnlyType: boolean;
  /** Its ids tell nothing of names. */
  readonly isOpaque: boolean;
}

/** Resources that requests call by name and ARNs by an id that only the service knows; all of a service where no type is given. */
const OPAQUE: Readonly<Record<string, readonly string[]>> = {
  backup: ['framework', 'reportplan', 'restoretestingplan', 'tieringconfiguration'],
  config: [],
  directconnect: [],
  ec2: ['launch-template'],
  lightsail: [],
  rds: ['proxy', 'proxy-endpoint'],
  'redshift-serverless': [],
};

function isOpaqueType(modelId: string, type: string): boolean {
  const types = OPAQUE[modelId];
  return types !== undefined && (types.length === 0 || types.includes(type.toLowerCase()));
}

/** Services whose resource ids are the names that they are made with. */
const NAMED: ReadonlySet<string> = new Set([
  'databrew',
  'forecast',
  'imagebuilder',
  'mediatailor',
  'personalize',
  'route53-recovery-readiness',
]);

/** Whether the operation makes what an id stands for. */
function makesId(operation: string, modelId: string): boolean {
  return (operation.startsWith('Create') && !NAMED.has(modelId)) || /^Start\w+Job$/.test(operation);
}

/** How the wanted variable of an ARN is called in the request, if that is plain from the names. */
function memberFor(
  variable: string,
  { type, collection, isLast, isOnlyType, isOpaque }: Place,
  operation: ModelOperation,
): Scored | undefined {
  const noun = stem(operation.name.replace(VERB, ''));
  const wanted = stem(variable);
  const typeStem = stem(type);
  const labels = operation.members.filter(({ isLabel }) => isLabel).length;
  let best: Scored | undefined;
  for (const member of operation.members) {
    if (!member.isText) continue;
    // What is created gets its id from the service, not from the name that it is given.
    if (isOpaque && variable.endsWith('Id') && /names?$/i.test(member.name)) continue;
    if (isOtherKind(member, variable, operation)) continue;
    const memberStem = SYNONYMS[stem(member.name)] ?? stem(member.name);
    const place = member.isLabel ? collectionOf(operation.uri, member.wire) : '';
    let score = 0;
    if (norm(member.name) === norm(variable)) score = wanted === '' && !isOnlyType && !norm(operation.name).includes(typeStem) ? 0 : 6;
    else if (wanted !== '' && memberStem === wanted) score = 5;
    else if (isLast && memberStem !== '' && memberStem === typeStem) score = 4;
    else if (place !== '' && memberStem === '' && (place === typeStem || place === wanted) && isLast) score = 4.6;
    else if (place !== '' && place === collection && (wanted === '' ? memberStem === place : memberStem.startsWith(wanted))) score = 4.55;
    else if (wanted !== '' && PREFIXED.some((prefix) => memberStem === prefix + wanted)) score = 4.5;
    else if (isLast && memberStem.length > 2 && PREFIXED.some((prefix) => memberStem === prefix + typeStem)) score = 3.8;
    else if (isLast && member.isRequired && memberStem.length > 2 && typeStem.endsWith(memberStem)) score = 3.5;
    else if (isLast && memberStem === '' && (noun === typeStem || noun === wanted)) score = 3;
    else if (isLast && isOnlyType && member.isRequired && memberStem === '' && norm(operation.name).includes(typeStem)) score = 2.2;
    else if (isLast && member.isLabel && memberStem === '' && typeStem !== '' && noun.startsWith(typeStem)) score = 2;
    else if (isLast && isOnlyType && member.isLabel && labels === 1 && isRelated(memberStem, typeStem)) score = 1;
    else if (isLast && member.isRequired && memberStem.length > 2 && wanted.endsWith(memberStem)) score = 1;
    else if (mayEndSo(member, isLast) && wanted.length > 3 && memberStem.endsWith(wanted) && isAlone(memberStem, wanted, operation))
      score = 0.9;
    // Arn beats Name: it is exact.
    if (score > 0 && norm(member.name).endsWith('arn')) score += 0.3;
    if (score > 0 && member.isRequired) score += 0.4;
    if (score > (best?.score ?? 0)) best = { score, member };
  }
  return best;
}

/** `StreamName` and `StreamARN` name one thing. */
function isSameNoun(a: ModelMember, b: ModelMember): boolean {
  return stem(a.name) !== '' && stem(a.name) === stem(b.name);
}

function kindOf(text: string): string | undefined {
  return /(name|id)s?$/i.exec(text)?.[1]?.toLowerCase();
}

/** An id where the ARN has the name, or the other way round, and the request may carry the right one too. */
function isOtherKind(member: ModelMember, variable: string, operation: ModelOperation): boolean {
  const wanted = kindOf(variable);
  const own = kindOf(member.name);
  if (wanted === undefined || own === undefined || own === wanted) return false;
  return operation.members.some((other) => other.isText && kindOf(other.name) === wanted && isSameNoun(other, member));
}

/** Every way to say the variable: `TableName|TableArn`. */
function pathsFor(first: ModelMember, variable: string, operation: ModelOperation): string {
  const same = operation.members.filter(
    (member) => member !== first && member.isText && isSameNoun(member, first) && !isOtherKind(member, variable, operation),
  );
  return [first, ...same].map(pathOf).join('|');
}

function toTemplate(
  arn: string,
  operation: ModelOperation,
  place: Pick<Place, 'type' | 'isOnlyType' | 'isOpaque'>,
): Omit<Mapped, 'isRequired'> {
  const params: string[] = [];
  const members: ModelMember[] = [];
  let isFull = true;
  const short = arn.replaceAll('${Partition}', '$P').replaceAll('${Region}', '$R').replaceAll('${Account}', '$A');
  const variables = [...short.matchAll(/(?:([A-Za-z-]+)\/)?\$\{([^}]+)\}/g)].map(([, before = '', name = '']) => ({ before, name }));
  const found = variables.map(({ before, name }, index) =>
    memberFor(name, { ...place, collection: stem(before), isLast: index === variables.length - 1 }, operation),
  );
  let index = -1;
  const template = short.replace(/\$\{[^}]+\}/g, () => {
    index += 1;
    const own = found[index];
    // A parameter fills one place: the one that it fits best.
    const isBetterElsewhere = found.some(
      (other, at) =>
        at !== index &&
        other !== undefined &&
        own !== undefined &&
        (other.member === own.member || isSameNoun(other.member, own.member)) &&
        (other.score > own.score || (other.score === own.score && at < index)),
    );
    if (own === undefined || isBetterElsewhere) {
      isFull = false;
      return '*';
    }
    const paths = pathsFor(own.member, variables[index]?.name ?? '', operation);
    params.push(paths);
    members.push(own.member);
    return `{${paths}}`;
  });
  return { template, params, isFull, isSure: isFull && members.length > 0 && members.every(({ isRequired }) => isRequired) };
}

/** Types that two generations of a service share have two patterns: the newer writes `kind/id` (Lex) or no path before it (Greengrass). */
function arnOf(text: string | undefined, modelId: string): string | undefined {
  const arns = text?.split(/,\s*/).filter((arn) => arn !== '');
  if (arns === undefined || arns.length < 2) return arns?.[0];
  const isNew = (arn: string): boolean => (modelId.startsWith('lex') ? /:[a-z-]+\//.test(arn) : !arn.includes('/greengrass/'));
  return arns.find((arn) => isNew(arn) === modelId.includes('v2')) ?? arns[0];
}

/** Rules for the resources of an action, worked out from names alone. */
export function mapResources(service: IamService, action: IamAction, operation: ModelOperation, modelId: string): ResourceRule[] {
  const isOnlyType = action.resourceTypes.length === 1;
  const types = action.resourceTypes.flatMap(({ name, required }): (Mapped & { readonly name: string })[] => {
    const arn = arnOf(service.arns.get(name.toLowerCase()), modelId);
    if (arn === undefined) return [];
    const place = { type: name, isOnlyType, isOpaque: isOpaqueType(modelId, name) || makesId(operation.name, modelId) };
    return [{ ...toTemplate(arn, operation, place), isRequired: required, name }];
  });
  if (types.length === 0) return [{ alternatives: ['*'], isOptional: false }];
  const anything = operation.members.find((member) => member.isText && ANY_RESOURCE.test(norm(member.name)));
  const required = types.filter(({ isRequired }) => isRequired);
  const isMapped = types.some(({ params }) => params.length > 0);
  if (anything !== undefined && (types.length > 1 || !isMapped) && required.every(({ params }) => params.length === 0)) {
    return [
      {
        alternatives: [`{=${pathOf(anything)}}`, ...(types.length === 1 ? types.map(({ template }) => template) : ['*'])],
        isOptional: false,
      },
    ];
  }
  const arns = operation.members.filter(
    ({ name, isRequired, isText }) => isRequired && isText && /Arns?$/i.test(name) && !/role/i.test(name),
  );
  if (!isMapped && arns.length === 1 && arns[0] !== undefined) {
    return [
      {
        alternatives: [`{=${pathOf(arns[0])}}`, ...(types.length === 1 ? types.map(({ template }) => template) : ['*'])],
        isOptional: false,
      },
    ];
  }
  if (required.length > 0) {
    const sure = types.filter(
      ({ isRequired, isSure, params }) =>
        !isRequired && isSure && !required.some((type) => type.params.some((param) => params.includes(param))),
    );
    return [...required, ...sure].map((type) => {
      const finer = types.filter(
        (other) =>
          !other.isRequired &&
          other.isFull &&
          other.params.length > type.params.length &&
          type.params.length > 0 &&
          other.template.startsWith(type.template),
      );
      return { alternatives: [...finer.map(({ template }) => template), type.template], isOptional: false };
    });
  }
  const full = types.filter(({ isFull, params }) => isFull && params.length > 0).toSorted((a, b) => b.params.length - a.params.length);
  const usable = full.length > 0 ? full : types.filter(({ params }) => params.length > 0);
  if (usable.length === 0) return [{ alternatives: types.length === 1 ? types.map(({ template }) => template) : ['*'], isOptional: false }];
  const groups: Mapped[][] = [];
  for (const type of usable) {
    const group = groups.find(([head]) => head?.params.some((param) => type.params.includes(param)) === true);
    if (group === undefined) groups.push([type]);
    else group.push(type);
  }
  return groups.map((group, index) => ({
    alternatives: [...group.map(({ template }) => template), ...(index === 0 ? ['*'] : [])],
    isOptional: index > 0,
  }));
}

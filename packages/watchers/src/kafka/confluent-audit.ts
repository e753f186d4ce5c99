import { toEnumName } from './audit-names.ts';
import type { AuditMessage } from './parse-audit-message.ts';

/** Type of the events that Confluent Server's audit log holds, as CloudEvents (docs.confluent.io, "Audit log records"). */
const TYPE = 'io.confluent.kafka.server/authorization';
/** Where its JSON begins in a line of the logger that stands in when no topic takes the events. */
export const CONFLUENT_MARK = `"${TYPE}"`;

type Json = Readonly<Record<string, unknown>>;

/** The access that an event of Confluent's audit log tells of; undefined for other events. */
export function readConfluentEvent(event: Json): AuditMessage | undefined {
  if (event['type'] !== TYPE) return undefined;
  const data = objectOf(event['data']);
  const authorization = objectOf(data['authorizationInfo']);
  const principal = textOf(objectOf(data['authenticationInfo'])['principal']);
  const operation = textOf(authorization['operation']);
  const resourceType = textOf(authorization['resourceType']);
  const name = textOf(authorization['resourceName']);
  const clientIP = clientOf(data);
  const { granted } = authorization;
  if (principal === undefined || operation === undefined || resourceType === undefined || name === undefined) return undefined;
  if (clientIP === undefined || typeof granted !== 'boolean') return undefined;
  const patternType = textOf(authorization['patternType']) ?? 'LITERAL';
  const request = /^kafka\.(\w+)$/.exec(textOf(data['methodName']) ?? '')?.[1];
  const rule = ruleOf(authorization);
  return {
    principal,
    clientIP,
    operation: toEnumName(operation),
    resourceType: toEnumName(resourceType),
    name,
    patternType: toEnumName(patternType),
    result: granted ? 'ALLOWED' : 'DENIED',
    ...(request === undefined ? {} : { request: toEnumName(request) }),
    resourceRefCount: 1,
    ...(rule === undefined ? {} : { rule }),
    pseudo: false,
  };
}

/** `/10.0.0.1` or `host/10.0.0.1` (Java's InetAddress.toString), in newer records a list of `{ip}`. */
function clientOf(data: Json): string | undefined {
  const [first] = listOf(data['clientAddress']);
  const address = textOf(objectOf(first)['ip']) ?? textOf(objectOf(data['requestMetadata'])['client_address']);
  if (address === undefined) return undefined;
  return address.slice(address.lastIndexOf('/') + 1);
}

/** Which kind of rule decided: an ACL, a role, or none because of a super user. */
function ruleOf(authorization: Json): string | undefined {
  if (authorization['superUserAuthorization'] === true) return 'SuperUser';
  if (authorization['rbacAuthorization'] !== undefined) return 'Rbac';
  return authorization['aclAuthorization'] === undefined ? undefined : 'MatchingAcl';
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

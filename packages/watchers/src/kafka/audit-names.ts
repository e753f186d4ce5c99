import { ownText } from '../own-text.ts';

/**
 * Names that Kafka prints in two spellings. ZooKeeper brokers write `DescribeConfigs`, KRaft brokers `DESCRIBE_CONFIGS`;
 * requests and resource types are always written in the first one. We use Kafka's enum name (AclOperation, ResourceType, ApiKeys).
 */
const enumNames = new Map<string, string>();
/** Brokers know about 15 operations, 6 resource types and 100 requests; a log could hold anything. */
const MAX_ENUM_NAMES = 512;
const MAX_ENUM_CHARACTERS = 64;

/** Kafka's enum name of an operation, a resource type or a request: `IdempotentWrite` and `IDEMPOTENT_WRITE` are `IDEMPOTENT_WRITE`. */
export function toEnumName(printed: string): string {
  const known = enumNames.get(printed);
  if (known !== undefined) return known;
  const name = /[a-z]/.test(printed) ? printed.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase() : printed;
  if (enumNames.size < MAX_ENUM_NAMES && printed.length <= MAX_ENUM_CHARACTERS) enumNames.set(ownText(printed), ownText(name));
  return name;
}

/** ClientIntents' own words for operations (its CRD's enum); Kafka has more of them than ClientIntents. */
const INTENT_OPERATIONS: Readonly<Record<string, string>> = {
  ALL: 'all',
  READ: 'consume',
  WRITE: 'produce',
  CREATE: 'create',
  ALTER: 'alter',
  DELETE: 'delete',
  DESCRIBE: 'describe',
  CLUSTER_ACTION: 'ClusterAction',
  DESCRIBE_CONFIGS: 'DescribeConfigs',
  ALTER_CONFIGS: 'AlterConfigs',
  IDEMPOTENT_WRITE: 'IdempotentWrite',
};

/** The operation as ClientIntents spells it; one that ClientIntents lacks keeps Kafka's enum name. */
export function toIntentOperation(enumName: string): string {
  return INTENT_OPERATIONS[enumName] ?? enumName;
}

const RESOURCE_TYPES: Readonly<Record<string, string>> = {
  TOPIC: 'topic',
  GROUP: 'group',
  CLUSTER: 'cluster',
  TRANSACTIONAL_ID: 'transactionalId',
  DELEGATION_TOKEN: 'delegationToken',
  USER: 'user',
};

/** The resource type as the map spells it (`transactionalId`); an unknown one keeps Kafka's enum name. */
export function toMapResourceType(enumName: string): string {
  return RESOURCE_TYPES[enumName] ?? enumName;
}

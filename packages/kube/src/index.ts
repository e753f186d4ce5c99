export { toClusterChanges } from './objects/to-cluster-changes.ts';
export type { ObjectContext, ObjectTrouble } from './objects/to-cluster-changes.ts';

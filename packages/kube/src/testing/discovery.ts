import type { FakeResource } from './resource-table.ts';

/** Answers of the discovery endpoints; undefined for any other path. */
export function discoveryAnswer(resources: readonly FakeResource[], path: string): unknown {
  if (path === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.0-fake' };
  if (path === '/readyz' || path === '/healthz' || path === '/livez') return 'ok';
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/api/v1') return resourceList(resources, '', 'v1');
  const groups = [...new Set(resources.map((resource) => resource.group))].filter((group) => group !== '');
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupOf(resources, group)) };
  const [, , group, version, ...rest] = path.split('/');
  if (!path.startsWith('/apis/') || rest.length > 0 || group === undefined || !groups.includes(group)) return undefined;
  if (version === undefined) return groupOf(resources, group);
  return versionsOf(resources, group).includes(version) ? resourceList(resources, group, version) : undefined;
}

function groupOf(resources: readonly FakeResource[], group: string): object {
  const versions = versionsOf(resources, group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { kind: 'APIGroup', apiVersion: 'v1', name: group, versions, preferredVersion: versions[0] };
}

function versionsOf(resources: readonly FakeResource[], group: string): string[] {
  return [...new Set(resources.filter((resource) => resource.group === group).map((resource) => resource.version))];
}

function resourceList(resources: readonly FakeResource[], group: string, version: string): object {
  const found = resources.filter((resource) => resource.group === group && resource.version === version);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: found.map(({ plural, kind, namespaced }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: ['get', 'list', 'watch'],
    })),
  };
}

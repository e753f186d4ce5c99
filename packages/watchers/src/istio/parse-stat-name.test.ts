import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStatName } from './parse-stat-name.ts';

const PREFIX = 'istiocustom.istio_requests_total';

describe('joined tags', () => {
  const rows: readonly [string, string, Readonly<Record<string, string | undefined>>][] = [
    [
      'an empty value that vanished',
      `${PREFIX}.reporter.source.source_version.source_cluster.Kubernetes`,
      { source_version: '', source_cluster: 'Kubernetes' },
    ],
    [
      'an empty value that left two dots',
      `${PREFIX}.reporter.waypoint.destination_version..destination_service.a.b.svc`,
      { destination_version: '', destination_service: 'a.b.svc' },
    ],
    ['an empty value at the end', `${PREFIX}.reporter.source.request_path`, { request_path: '' }],
    [
      'dots in workloads and paths',
      `${PREFIX}.reporter.source.source_workload.web.v1.source_canonical_service.web.request_method.GET.request_path./api/v1.2/index.html`,
      { source_workload: 'web.v1', request_method: 'GET', request_path: '/api/v1.2/index.html' },
    ],
    [
      'words of keys in the path',
      `${PREFIX}.reporter.source.request_method.GET.request_path./x.source_workload.evil.request_path./y`,
      { source_workload: undefined, request_path: '/x.source_workload.evil.request_path./y' },
    ],
    [
      'a service and its name',
      `${PREFIX}.reporter.source.destination_service.a.b:9080.destination_canonical_service.c.destination_service_name.d`,
      { destination_service: 'a.b:9080', destination_canonical_service: 'c', destination_service_name: 'd' },
    ],
    [
      'a gRPC status that is not set',
      `${PREFIX}.reporter.source.response_code.200.grpc_response_status.response_flags.-.connection_security_policy.unknown`,
      { grpc_response_status: '', response_flags: '-', connection_security_policy: 'unknown' },
    ],
    [
      'another added tag',
      `${PREFIX}.reporter.source.connection_security_policy.none.request_host.a.b.request_method.PUT.request_path./z`,
      { connection_security_policy: 'none', request_host: 'a.b', request_method: 'PUT', request_path: '/z' },
    ],
  ];
  it.each(rows)('%s', (_, name, expected) => {
    const labels = parseStatName(name)?.labels;
    expect(Object.fromEntries(Object.keys(expected).map((key) => [key, labels?.get(key)]))).toEqual(expected);
  });
});

it('pairs of Istio before 1.17', () => {
  const name =
    'reporter=.=source;.;source_workload=.=productpage-v1;.;grpc_response_status=.=;.;request_path=.=/a.b;.;c;.;response_flags=.=-;.;_istio_requests_total';
  expect([...(parseStatName(name)?.labels ?? [])]).toEqual([
    ['reporter', 'source'],
    ['source_workload', 'productpage-v1'],
    ['grpc_response_status', ''],
    ['request_path', '/a.b;.;c'],
    ['response_flags', '-'],
  ]);
});

it.each(['server.live', 'istiocustom.istio_build.component.proxy.tag.1.28.0', 'istiocustom.istio_requests_total_x.reporter.source', ''])(
  'not ours: %s',
  (name) => {
    expect(parseStatName(name)).toBeUndefined();
  },
);

it('gives back every value that holds no words of keys', () => {
  const value = fc.stringMatching(/^[a-z0-9./:%-]{0,20}$/).filter((text) => !text.endsWith('.') && !text.startsWith('.'));
  fc.assert(
    fc.property(value, value, value, (workload, service, path) => {
      const join = (...parts: string[]): string => parts.filter((part) => part !== '').join('.');
      const name = join(
        PREFIX,
        'reporter',
        'source',
        'source_workload',
        workload,
        'destination_service',
        service,
        'request_method',
        'GET',
        'request_path',
        path,
      );
      const labels = parseStatName(name)?.labels;
      expect([labels?.get('source_workload'), labels?.get('destination_service'), labels?.get('request_path')]).toEqual([
        workload,
        service,
        path,
      ]);
    }),
  );
});

import { CREDENTIALS } from '@nm/aws/testing';

/** Objects of the test of AWS visibility (e2e/aws/main.js). */
export const AWS_APPS = 'aws-apps';
export const AWS_LABEL = 'network-mapper.otterize.com/aws-visibility';
export const AWS_IMAGE = 'aws-calls:e2e';
const CERTIFICATES = 'aws-certs';

interface Files {
  readonly 'ca.crt': string;
  readonly 'tls.crt': string;
  readonly 'tls.key': string;
}

export function certificateMap(namespace: string, files: Partial<Files>): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: CERTIFICATES, namespace }, data: files };
}

/** AWS and the DNS that leads there, with Services of their own. */
export function worldManifests(files: Files): object {
  const service = (name: string, port: object): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: AWS_APPS },
    spec: { selector: { app: name }, ports: [port] },
  });
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: AWS_APPS } },
      certificateMap(AWS_APPS, files),
      service('aws', { port: 443, targetPort: 8443 }),
      service('dns', { port: 53, targetPort: 8053, protocol: 'UDP' }),
      appManifest('aws', ['aws'], {}),
      appManifest('dns', ['dns'], {}),
    ],
  };
}

/** A Deployment of one program; `pod` adds to its pods. */
export function appManifest(
  name: string,
  args: readonly string[],
  pod: { readonly labels?: Record<string, string>; readonly spec?: object },
): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: AWS_APPS },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, ...pod.labels } },
        spec: {
          terminationGracePeriodSeconds: 0,
          ...pod.spec,
          containers: [
            {
              name: 'main',
              image: AWS_IMAGE,
              imagePullPolicy: 'Never',
              args,
              env: Object.entries(CREDENTIALS).map(([key, value]) => ({ name: key, value })),
              volumeMounts: [{ name: 'certs', mountPath: '/certs' }],
            },
          ],
          volumes: [{ name: 'certs', configMap: { name: CERTIFICATES } }],
        },
      },
    },
  };
}

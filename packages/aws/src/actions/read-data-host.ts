import type { ActionPair, ArnContext, AwsHttpRequest } from './aws-request.ts';
import type { RequestCredential } from './credential.ts';
import type { AwsHost } from './parse-host.ts';

/**
 * Actions of calls to what customers run behind AWS's names: an API of API Gateway, a function URL, a search domain.
 * Only signed calls need permission; undefined for hosts that are none of these.
 */
export function readDataHost(
  { labels }: AwsHost,
  request: AwsHttpRequest,
  credential: RequestCredential,
  { partition, region, account }: ArnContext,
): ActionPair[] | undefined {
  const service = labels.at(-1);
  const [name = ''] = labels;
  const arn = (kind: string, resource: string): string => `arn:${partition}:${kind}:${region}:${account}:${resource}`;
  const signed = (as: string, pair: ActionPair): ActionPair[] => (credential.service === as ? [pair] : []);
  const method = request.method.toUpperCase();
  if (labels.length < 2) return undefined;
  switch (service ?? '') {
    case 'execute-api': {
      const path = request.path.replace(/^\//, '');
      const connections = /^([^/]+)\/@connections\/([^/]+)/.exec(path);
      if (connections !== null) {
        return signed('execute-api', {
          action: 'execute-api:ManageConnections',
          resource: arn('execute-api', `${name}/${connections[1]}/${method}/@connections/${connections[2]}`),
        });
      }
      const [stage = '', ...rest] = path.split('/');
      return signed('execute-api', {
        action: 'execute-api:Invoke',
        resource: arn('execute-api', `${name}/${stage}/${method}/${rest.join('/')}`),
      });
    }
    case 'lambda-url':
      return signed('lambda', { action: 'lambda:InvokeFunctionUrl', resource: arn('lambda', 'function:*') });
    case 'es': {
      const domain = /^(?:search|vpc)-(.+)-[a-z0-9]{20,}$/.exec(name)?.[1] ?? '*';
      const verb = method.charAt(0) + method.slice(1).toLowerCase();
      if (!['Get', 'Head', 'Post', 'Put', 'Delete', 'Patch'].includes(verb)) return [];
      return signed('es', { action: `es:ESHttp${verb}`, resource: arn('es', `domain/${domain}/*`) });
    }
    case 'aoss':
      return signed('aoss', { action: 'aoss:APIAccessAll', resource: arn('aoss', `collection/${name}`) });
    case 'appsync-api':
      return signed('appsync', { action: 'appsync:GraphQL', resource: arn('appsync', 'apis/*/types/*/fields/*') });
    default:
      return undefined;
  }
}

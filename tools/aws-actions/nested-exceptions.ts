import type { ServiceExceptions } from './exceptions.ts';

/** Operations whose resources stand deeper in the request: in a list of entries, or in what is to be made. */
export const NESTED_EXCEPTIONS: Readonly<Record<string, ServiceExceptions>> = {
  appstream: at('appstream', 'stack/{UserStackAssociations.StackName}', ['BatchAssociateUserStack', 'BatchDisassociateUserStack']),
  codecommit: at('codecommit', '{targets.repositoryName}', ['CreatePullRequest']),
  cur: at('cur', 'definition/{ReportDefinition.ReportName}', ['PutReportDefinition']),
  drs: at('drs', 'source-server/{sourceServers.sourceServerID}', ['StartRecovery']),
  'sagemaker-featurestore-runtime': {
    ...at('sagemaker', 'feature-group/{Identifiers.FeatureGroupName}', ['BatchGetRecord']),
    ...at('sagemaker', 'feature-group/{Entries.FeatureGroupName}', ['BatchWriteRecord']),
  },
  workspaces: Object.fromEntries(
    ['Reboot', 'Rebuild', 'Start', 'Stop', 'Terminate'].map((verb) => [
      `${verb}Workspaces`,
      [`workspaces:${verb}Workspaces @ $P:workspaces:$R:$A:workspace/{${verb}WorkspaceRequests.WorkspaceId}`],
    ]),
  ),
};

function at(prefix: string, resource: string, operations: readonly string[]): ServiceExceptions {
  return Object.fromEntries(operations.map((name) => [name, [`${prefix}:${name} @ $P:${prefix}:$R:$A:${resource}`]]));
}

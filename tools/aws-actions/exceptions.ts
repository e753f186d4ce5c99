import { INFRASTRUCTURE_EXCEPTIONS } from './infrastructure-exceptions.ts';
import { NESTED_EXCEPTIONS } from './nested-exceptions.ts';

/**
 * What names alone do not tell: operations whose action has another name, several actions, or resources in odd places.
 * Sources: the Service Authorization Reference and each service's documentation of its permissions.
 * A pair is `action` (resources worked out as usual), or `action @ template, template` with alternatives in order;
 * a leading `+` says nothing when no alternative is complete. Templates: docs/aws.md.
 */
export type ServiceExceptions = Readonly<Record<string, readonly string[]>>;

const LAMBDA_FUNCTION = '$P:lambda:$R:$A:function:{FunctionName}:{Qualifier}, $P:lambda:$R:$A:function:{FunctionName}';
const TABLE = '$P:dynamodb:$R:$A:table/';
const RULE = '$P:events:$R:$A:rule/{EventBusName:bus}/{Name|Rule}, $P:events:$R:$A:rule/{Name|Rule}';
/** A model by id, by ARN, or by the id of an inference profile (`us.anthropic…`), which needs the models behind it too. */
const model = (action: string): readonly string[] => [
  `bedrock:${action} @ {=modelId}, $P:bedrock:$R:$A:inference-profile/{modelId:profile}, $P:bedrock:$R::foundation-model/{modelId}`,
  `+bedrock:${action} @ $P:bedrock:*::foundation-model/{modelId:profiled}`,
];
const role = (path: string): string => `+iam:PassRole @ {=${path}}`;
const SES = '$P:ses:$R:$A:identity/';
const IAM_USER = '$P:iam::$A:user';
const IAM_ROLE = '$P:iam::$A:role';

export const PREFIXES: Readonly<Record<string, string>> = {
  apigateway: 'apigateway',
  apigatewayv2: 'apigateway',
  apigatewaymanagementapi: 'execute-api',
  keyspaces: 'cassandra',
  budgets: 'budgets',
  'iot-jobs-data': 'iotjobsdata',
  opensearchmemory: 'osm',
};

/** Services whose calls IAM does not decide. */
export const WITHOUT_IAM: ReadonlySet<string> = new Set([
  'connectparticipant',
  'codecatalyst',
  'sso',
  'cloudhsm',
  'iotthingsgraph',
  'applicationcostprofiler',
]);

export const EXCEPTIONS: Readonly<Record<string, ServiceExceptions>> = {
  ...INFRASTRUCTURE_EXCEPTIONS,
  ...NESTED_EXCEPTIONS,
  lambda: {
    Invoke: [`lambda:InvokeFunction @ ${LAMBDA_FUNCTION}`],
    InvokeAsync: [`lambda:InvokeFunction @ ${LAMBDA_FUNCTION}`],
    InvokeWithResponseStream: [`lambda:InvokeFunction @ ${LAMBDA_FUNCTION}`],
    GetLayerVersionByArn: ['lambda:GetLayerVersion @ {=Arn|arn}'],
    ...Object.fromEntries(
      ['GetLayerVersion', 'DeleteLayerVersion', 'GetLayerVersionPolicy', 'AddLayerVersionPermission', 'RemoveLayerVersionPermission'].map(
        (name) => [name, [`lambda:${name} @ $P:lambda:$R:$A:layer:{LayerName}:{VersionNumber}`]],
      ),
    ),
    ...Object.fromEntries(
      ['GetProvisionedConcurrencyConfig', 'PutProvisionedConcurrencyConfig', 'DeleteProvisionedConcurrencyConfig'].map((name) => [
        name,
        [`lambda:${name} @ $P:lambda:$R:$A:function:{FunctionName}:{Qualifier}`],
      ]),
    ),
    CreateEventSourceMapping: ['lambda:CreateEventSourceMapping @ *'],
    ListEventSourceMappings: ['lambda:ListEventSourceMappings @ *'],
  },
  dynamodb: {
    BatchGetItem: [`dynamodb:BatchGetItem @ ${TABLE}{RequestItems.@keys}`],
    BatchWriteItem: [`dynamodb:BatchWriteItem @ ${TABLE}{RequestItems.@keys}`],
    TransactGetItems: [`dynamodb:GetItem @ ${TABLE}{TransactItems.Get.TableName}`],
    TransactWriteItems: [
      `+dynamodb:PutItem @ ${TABLE}{TransactItems.Put.TableName}`,
      `+dynamodb:UpdateItem @ ${TABLE}{TransactItems.Update.TableName}`,
      `+dynamodb:DeleteItem @ ${TABLE}{TransactItems.Delete.TableName}`,
      `+dynamodb:ConditionCheckItem @ ${TABLE}{TransactItems.ConditionCheck.TableName}`,
    ],
    Query: [`dynamodb:Query @ ${TABLE}{TableName}/index/{IndexName}, ${TABLE}{TableName}`],
    Scan: [`dynamodb:Scan @ ${TABLE}{TableName}/index/{IndexName}, ${TABLE}{TableName}`],
    ExecuteStatement: ['!partiql'],
    BatchExecuteStatement: ['!partiql'],
    ExecuteTransaction: ['!partiql'],
    RestoreTableFromBackup: [
      'dynamodb:RestoreTableFromBackup @ {=BackupArn}',
      `dynamodb:RestoreTableFromBackup @ ${TABLE}{TargetTableName}`,
    ],
    RestoreTableToPointInTime: [
      `dynamodb:RestoreTableToPointInTime @ ${TABLE}{SourceTableName|SourceTableArn}`,
      `dynamodb:RestoreTableToPointInTime @ ${TABLE}{TargetTableName}`,
    ],
    ImportTable: [`dynamodb:ImportTable @ ${TABLE}{TableCreationParameters.TableName}`],
    ...Object.fromEntries(
      ['CreateGlobalTable', 'UpdateGlobalTable', 'UpdateGlobalTableSettings'].map((name) => [
        name,
        [`dynamodb:${name} @ $P:dynamodb::$A:global-table/{GlobalTableName}`, `dynamodb:${name} @ ${TABLE}{GlobalTableName}`],
      ]),
    ),
  },
  dynamodbstreams: {
    GetRecords: [`dynamodb:GetRecords @ ${TABLE}{ShardIterator:bar}, ${TABLE}*/stream/*`],
    ListStreams: ['dynamodb:ListStreams'],
  },
  sqs: {
    SendMessageBatch: ['sqs:SendMessage'],
    DeleteMessageBatch: ['sqs:DeleteMessage'],
    ChangeMessageVisibilityBatch: ['sqs:ChangeMessageVisibility'],
  },
  sns: {
    Publish: ['sns:Publish @ $P:sns:$R:$A:{TopicArn|TargetArn}, *'],
    PublishBatch: ['sns:Publish @ $P:sns:$R:$A:{TopicArn}'],
    Unsubscribe: ['sns:Unsubscribe @ $P:sns:$R:$A:{SubscriptionArn:topic}'],
    GetSubscriptionAttributes: ['sns:GetSubscriptionAttributes @ $P:sns:$R:$A:{SubscriptionArn:topic}'],
    SetSubscriptionAttributes: ['sns:SetSubscriptionAttributes @ $P:sns:$R:$A:{SubscriptionArn:topic}'],
  },
  kms: {
    ReEncrypt: ['kms:ReEncryptFrom @ $P:kms:$R:$A:key/{SourceKeyId}', 'kms:ReEncryptTo @ $P:kms:$R:$A:key/{DestinationKeyId}'],
    CreateAlias: ['kms:CreateAlias @ $P:kms:$R:$A:alias/{AliasName:alias}', 'kms:CreateAlias @ $P:kms:$R:$A:key/{TargetKeyId}'],
    DeleteAlias: ['kms:DeleteAlias @ $P:kms:$R:$A:alias/{AliasName:alias}', 'kms:DeleteAlias @ $P:kms:$R:$A:key/*'],
    UpdateAlias: ['kms:UpdateAlias @ $P:kms:$R:$A:alias/{AliasName:alias}', 'kms:UpdateAlias @ $P:kms:$R:$A:key/{TargetKeyId}'],
    ListRetirableGrants: ['kms:ListRetirableGrants'],
  },
  events: {
    PutEvents: ['events:PutEvents @ $P:events:$R:$A:event-bus/{Entries.EventBusName:each=default}'],
    ...Object.fromEntries(
      ['PutRule', 'DeleteRule', 'DescribeRule', 'EnableRule', 'DisableRule', 'PutTargets', 'RemoveTargets', 'ListTargetsByRule'].map(
        (name) => [
          name,
          [
            `events:${name} @ ${RULE}`,
            ...(name === 'PutRule' ? [role('RoleArn')] : name === 'PutTargets' ? [role('Targets.RoleArn')] : []),
          ],
        ],
      ),
    ),
    DescribeEventBus: ['events:DescribeEventBus @ $P:events:$R:$A:event-bus/{Name:=default}'],
    CreateEventBus: ['events:CreateEventBus @ $P:events:$R:$A:event-bus/{Name}'],
    ListRules: ['events:ListRules'],
    CreateArchive: ['events:CreateArchive @ {=EventSourceArn}', 'events:CreateArchive @ $P:events:$R:$A:archive/{ArchiveName}'],
  },
  scheduler: Object.fromEntries(
    ['CreateSchedule', 'DeleteSchedule', 'GetSchedule', 'UpdateSchedule'].map((name) => [
      name,
      [
        `scheduler:${name} @ $P:scheduler:$R:$A:schedule/{GroupName|groupName:=default}/{Name}`,
        ...(name === 'CreateSchedule' || name === 'UpdateSchedule' ? [role('Target.RoleArn')] : []),
      ],
    ]),
  ),
  stepfunctions: {
    ...Object.fromEntries(
      ['StartExecution', 'StartSyncExecution', 'DescribeStateMachine', 'UpdateStateMachine', 'ListExecutions'].map((name) => [
        name,
        [
          `states:${name} @ $P:states:$R:$A:stateMachine:{stateMachineArn:machine}, ${name === 'ListExecutions' ? '{=mapRunArn}, ' : ''}*`,
          ...(name === 'UpdateStateMachine' ? [role('roleArn')] : []),
        ],
      ]),
    ),
    CreateStateMachineAlias: [
      'states:CreateStateMachineAlias @ $P:states:$R:$A:stateMachine:{routingConfiguration.stateMachineVersionArn:machine}',
    ],
  },
  kinesis: {
    GetRecords: ['kinesis:GetRecords @ $P:kinesis:$R:$A:stream/{StreamARN}'],
    PutRecords: ['kinesis:PutRecords @ $P:kinesis:$R:$A:stream/{StreamName|StreamARN}'],
  },
  'timestream-query': { Query: ['timestream:Select @ *'] },
  'bedrock-runtime': {
    Converse: model('InvokeModel'),
    ConverseStream: model('InvokeModelWithResponseStream'),
    InvokeModel: model('InvokeModel'),
    InvokeModelWithResponseStream: model('InvokeModelWithResponseStream'),
    InvokeModelWithBidirectionalStream: model('InvokeModel'),
    StartAsyncInvoke: model('InvokeModel'),
    CountTokens: model('CountTokens'),
    ApplyGuardrail: ['bedrock:ApplyGuardrail @ $P:bedrock:$R:$A:guardrail/{guardrailIdentifier}'],
  },
  'bedrock-agent-runtime': { RetrieveAndGenerateStream: ['bedrock:RetrieveAndGenerate @ *'] },
  iam: {
    CreateUser: [`iam:CreateUser @ ${IAM_USER}{Path:=/}{UserName}`],
    CreateRole: [`iam:CreateRole @ ${IAM_ROLE}{Path:=/}{RoleName}`],
    CreateGroup: ['iam:CreateGroup @ $P:iam::$A:group{Path:=/}{GroupName}'],
    CreatePolicy: ['iam:CreatePolicy @ $P:iam::$A:policy{Path:=/}{PolicyName}'],
    CreateInstanceProfile: ['iam:CreateInstanceProfile @ $P:iam::$A:instance-profile{Path:=/}{InstanceProfileName}'],
    AddRoleToInstanceProfile: [
      'iam:AddRoleToInstanceProfile @ $P:iam::$A:instance-profile/{InstanceProfileName}',
      `iam:PassRole @ ${IAM_ROLE}/{RoleName}`,
    ],
    ...Object.fromEntries(
      ['TagMFADevice', 'UntagMFADevice', 'ListMFADeviceTags', 'DeleteVirtualMFADevice'].map((name) => [
        name,
        [`iam:${name} @ {=SerialNumber}, $P:iam::$A:mfa/*`],
      ]),
    ),
    CreateVirtualMFADevice: ['iam:CreateVirtualMFADevice @ $P:iam::$A:mfa{Path:=/}{VirtualMFADeviceName}'],
    CreateOpenIDConnectProvider: ['iam:CreateOpenIDConnectProvider @ $P:iam::$A:oidc-provider/{Url:bareurl}'],
    CreateServiceLinkedRole: [`iam:CreateServiceLinkedRole @ ${IAM_ROLE}/aws-service-role/{AWSServiceName}/*`],
    SimulatePrincipalPolicy: ['iam:SimulatePrincipalPolicy @ {=PolicySourceArn}'],
    AddUserToGroup: ['iam:AddUserToGroup @ $P:iam::$A:group/{GroupName}'],
    RemoveUserFromGroup: ['iam:RemoveUserFromGroup @ $P:iam::$A:group/{GroupName}'],
  },
  sts: {
    AssumeRole: ['sts:AssumeRole @ {=RoleArn}', '+sts:TagSession @ {=RoleArn?Tags}'],
    AssumeRoleWithWebIdentity: ['sts:AssumeRoleWithWebIdentity @ {=RoleArn}'],
    AssumeRoleWithSAML: ['sts:AssumeRoleWithSAML @ {=RoleArn}'],
    GetCallerIdentity: ['sts:GetCallerIdentity @ *'],
    GetSessionToken: ['sts:GetSessionToken @ *'],
    GetAccessKeyInfo: ['sts:GetAccessKeyInfo @ *'],
    DecodeAuthorizationMessage: ['sts:DecodeAuthorizationMessage @ *'],
    GetFederationToken: ['sts:GetFederationToken @ $P:sts::$A:federated-user/{Name}'],
  },
  secretsmanager: {
    CreateSecret: ['secretsmanager:CreateSecret @ $P:secretsmanager:$R:$A:secret:{Name}'],
    BatchGetSecretValue: [
      'secretsmanager:BatchGetSecretValue @ *',
      '+secretsmanager:GetSecretValue @ $P:secretsmanager:$R:$A:secret:{SecretIdList}',
    ],
  },
  athena: {
    StartQueryExecution: ['athena:StartQueryExecution @ $P:athena:$R:$A:workgroup/{WorkGroup:=primary}'],
    ListQueryExecutions: ['athena:ListQueryExecutions @ $P:athena:$R:$A:workgroup/{WorkGroup:=primary}'],
    CreateNamedQuery: ['athena:CreateNamedQuery @ $P:athena:$R:$A:workgroup/{WorkGroup:=primary}'],
    ListNamedQueries: ['athena:ListNamedQueries @ $P:athena:$R:$A:workgroup/{WorkGroup:=primary}'],
  },
  ses: {
    ...Object.fromEntries(
      ['SendEmail', 'SendRawEmail', 'SendTemplatedEmail', 'SendBulkTemplatedEmail'].map((name) => [
        name,
        [
          `ses:${name} @ ${SES}{SourceArn|Source:mail}`,
          `+ses:${name} @ $P:ses:$R:$A:configuration-set/{ConfigurationSetName}`,
          ...(name.includes('Templated') ? [`ses:${name} @ $P:ses:$R:$A:template/{Template}`] : []),
        ],
      ]),
    ),
    CreateConfigurationSet: ['ses:CreateConfigurationSet @ $P:ses:$R:$A:configuration-set/{ConfigurationSet.Name}'],
    SendBounce: [`ses:SendBounce @ ${SES}{BounceSender:mail}`],
  },
  sesv2: Object.fromEntries(
    [
      ['SendEmail', 'Content.Template.TemplateName'],
      ['SendBulkEmail', 'DefaultContent.Template.TemplateName'],
    ].map(([name, template]) => [
      name,
      [
        `ses:${name} @ ${SES}{FromEmailAddressIdentityArn|FromEmailAddress:mail}`,
        `+ses:${name} @ $P:ses:$R:$A:configuration-set/{ConfigurationSetName}`,
        `+ses:${name} @ $P:ses:$R:$A:template/{${template}}`,
      ],
    ]),
  ) as ServiceExceptions,
  cloudwatch: {
    PutMetricData: ['cloudwatch:PutMetricData @ *'],
    GetMetricData: ['cloudwatch:GetMetricData @ *'],
    ListMetrics: ['cloudwatch:ListMetrics @ *'],
  },
  route53: {
    ListHostedZonesByName: ['route53:ListHostedZonesByName'],
    CreateHostedZone: ['route53:CreateHostedZone'],
    ...Object.fromEntries(
      ['ChangeTagsForResource', 'ListTagsForResource', 'ListTagsForResources'].map((name) => [
        name,
        [
          `route53:${name} @ $P:route53:::hostedzone/{ResourceId|ResourceIds?ResourceType=hostedzone}, $P:route53:::healthcheck/{ResourceId|ResourceIds?ResourceType=healthcheck}, *`,
        ],
      ]),
    ),
  },
  cloudtrail: Object.fromEntries(
    ['StartLogging', 'StopLogging', 'GetTrailStatus'].map((name) => [name, [`cloudtrail:${name} @ $P:cloudtrail:$R:$A:trail/{Name}`]]),
  ),
  s3vectors: Object.fromEntries(
    ['CreateIndex', 'DeleteIndex', 'GetIndex', 'PutVectors', 'GetVectors', 'DeleteVectors', 'ListVectors', 'QueryVectors'].map((name) => [
      name,
      [
        `s3vectors:${name} @ ${name === 'CreateIndex' ? '' : '{=indexArn}, '}$P:s3vectors:$R:$A:bucket/{vectorBucketName|vectorBucketArn}/index/{indexName}`,
      ],
    ]),
  ),
  mwaa: { InvokeRestApi: ['airflow:InvokeRestApi @ $P:airflow:$R:$A:role/{Name}/*'] },
  apigatewaymanagementapi: Object.fromEntries(
    ['PostToConnection', 'GetConnection', 'DeleteConnection'].map((name) => [name, ['!connections']]),
  ),
  budgets: Object.fromEntries([
    ...[
      'CreateBudget',
      'UpdateBudget',
      'DeleteBudget',
      'CreateNotification',
      'UpdateNotification',
      'DeleteNotification',
      'CreateSubscriber',
      'UpdateSubscriber',
      'DeleteSubscriber',
    ].map((name) => [name, ['budgets:ModifyBudget @ $P:budgets::$A:budget/{BudgetName|Budget.BudgetName}']]),
    ...[
      'DescribeBudget',
      'DescribeBudgets',
      'DescribeBudgetPerformanceHistory',
      'DescribeNotificationsForBudget',
      'DescribeSubscribersForNotification',
      'DescribeBudgetNotificationsForAccount',
    ].map((name) => [name, ['budgets:ViewBudget @ $P:budgets::$A:budget/{BudgetName}']]),
  ]) as ServiceExceptions,
  keyspaces: {
    CreateKeyspace: ['cassandra:Create @ $P:cassandra:$R:$A:/keyspace/{keyspaceName}/'],
    CreateTable: ['cassandra:Create @ $P:cassandra:$R:$A:/keyspace/{keyspaceName}/table/{tableName}'],
    GetKeyspace: ['cassandra:Select @ $P:cassandra:$R:$A:/keyspace/{keyspaceName}/table/*'],
    GetTable: ['cassandra:Select @ $P:cassandra:$R:$A:/keyspace/{keyspaceName}/table/{tableName}'],
    ListKeyspaces: ['cassandra:Select @ *'],
    ListTables: ['cassandra:Select @ *'],
    DeleteKeyspace: ['cassandra:Drop @ $P:cassandra:$R:$A:/keyspace/{keyspaceName}/'],
    DeleteTable: ['cassandra:Drop @ $P:cassandra:$R:$A:/keyspace/{keyspaceName}/table/{tableName}'],
    UpdateTable: ['cassandra:Alter @ $P:cassandra:$R:$A:/keyspace/{keyspaceName}/table/{tableName}'],
    UpdateKeyspace: ['cassandra:Alter @ $P:cassandra:$R:$A:/keyspace/{keyspaceName}/'],
    RestoreTable: ['cassandra:Restore @ $P:cassandra:$R:$A:/keyspace/{sourceKeyspaceName}/table/{sourceTableName}'],
  },
  cloudfront: { CreateDistributionWithTags: ['cloudfront:CreateDistribution', 'cloudfront:TagResource'] },
  cloudsearchdomain: {
    UploadDocuments: ['cloudsearch:document @ *'],
    Search: ['cloudsearch:search @ *'],
    Suggest: ['cloudsearch:suggest @ *'],
  },
  verifiedpermissions: {
    BatchIsAuthorized: ['verifiedpermissions:IsAuthorized'],
    BatchIsAuthorizedWithToken: ['verifiedpermissions:IsAuthorizedWithToken'],
    BatchGetPolicy: ['verifiedpermissions:GetPolicy @ *'],
  },
  iotfleetwise: { BatchCreateVehicle: ['iotfleetwise:CreateVehicle @ *'], BatchUpdateVehicle: ['iotfleetwise:UpdateVehicle @ *'] },
  kinesisanalyticsv2: {
    CreateSnapshot: ['kinesisanalytics:CreateApplicationSnapshot'],
    DeleteSnapshot: ['kinesisanalytics:DeleteApplicationSnapshot'],
    DescribeSnapshot: ['kinesisanalytics:DescribeApplicationSnapshot'],
    ListSnapshots: ['kinesisanalytics:ListApplicationSnapshots'],
  },
  'sso-oidc': { CreateTokenWithIAM: ['sso-oauth:CreateTokenWithIAM @ {=clientId}'] },
  'marketplace-catalog': { BatchDescribeEntities: ['aws-marketplace:DescribeEntity @ *'] },
};

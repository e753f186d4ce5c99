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
const MODEL = '$P:bedrock:$R::foundation-model/{modelId}';
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
    CreateGlobalTable: ['dynamodb:CreateGlobalTable @ $P:dynamodb::$A:global-table/{GlobalTableName}'],
  },
  dynamodbstreams: {
    GetRecords: [`dynamodb:GetRecords @ ${TABLE}*/stream/*`],
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
  ssm: {
    GetParametersByPath: ['ssm:GetParametersByPath @ $P:ssm:$R:$A:parameter/{Path:bare}'],
    SendCommand: ['ssm:SendCommand @ $P:ssm:$R:$A:document/{DocumentName}', '+ssm:SendCommand @ $P:ec2:$R:$A:instance/{InstanceIds}'],
    StartSession: ['ssm:StartSession @ $P:ec2:$R:$A:instance/{Target}', '+ssm:StartSession @ $P:ssm:$R:$A:document/{DocumentName}'],
  },
  events: {
    PutEvents: ['events:PutEvents @ $P:events:$R:$A:event-bus/{Entries.EventBusName:=default}'],
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
  states: {},
  kinesis: {
    GetRecords: ['kinesis:GetRecords @ $P:kinesis:$R:$A:stream/{StreamARN}'],
    PutRecords: ['kinesis:PutRecords @ $P:kinesis:$R:$A:stream/{StreamName|StreamARN}'],
  },
  'timestream-query': { Query: ['timestream:Select @ *'] },
  'bedrock-runtime': {
    Converse: [`bedrock:InvokeModel @ ${MODEL}`],
    ConverseStream: [`bedrock:InvokeModelWithResponseStream @ ${MODEL}`],
    InvokeModel: [`bedrock:InvokeModel @ ${MODEL}`],
    InvokeModelWithResponseStream: [`bedrock:InvokeModelWithResponseStream @ ${MODEL}`],
    InvokeModelWithBidirectionalStream: [`bedrock:InvokeModel @ ${MODEL}`],
    StartAsyncInvoke: [`bedrock:InvokeModel @ ${MODEL}`],
    CountTokens: [`bedrock:CountTokens @ ${MODEL}`],
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
  ec2: {
    CreateSecurityGroup: ['ec2:CreateSecurityGroup @ $P:ec2:$R:$A:security-group/*', '+ec2:CreateSecurityGroup @ $P:ec2:$R:$A:vpc/{VpcId}'],
    ...Object.fromEntries(
      [
        'DeleteSecurityGroup',
        'AuthorizeSecurityGroupIngress',
        'RevokeSecurityGroupIngress',
        'UpdateSecurityGroupRuleDescriptionsIngress',
        'UpdateSecurityGroupRuleDescriptionsEgress',
      ].map((name) => [name, [`ec2:${name} @ $P:ec2:$R:$A:security-group/{GroupId}`]]),
    ),
    CreateKeyPair: ['ec2:CreateKeyPair @ $P:ec2:$R:$A:key-pair/{KeyName}'],
    ImportKeyPair: ['ec2:ImportKeyPair @ $P:ec2:$R:$A:key-pair/{KeyName}'],
    DeleteKeyPair: ['ec2:DeleteKeyPair @ $P:ec2:$R:$A:key-pair/{KeyName}'],
    CreateTags: ['ec2:CreateTags @ {ResourceId|Resources:ec2}'],
    DeleteTags: ['ec2:DeleteTags @ {ResourceId|Resources:ec2}'],
  },
  ecs: {
    ...Object.fromEntries(
      [
        ['RunTask', '{taskDefinition:rev}'],
        ['StartTask', '{taskDefinition:rev}'],
      ].map(([name, definition]) => [
        name,
        [
          `ecs:${name} @ $P:ecs:$R:$A:task-definition/${definition}, $P:ecs:$R:$A:task-definition/*:*`,
          role('overrides.taskRoleArn'),
          role('overrides.executionRoleArn'),
        ],
      ]),
    ),
    RegisterTaskDefinition: [
      'ecs:RegisterTaskDefinition @ $P:ecs:$R:$A:task-definition/{family}:*',
      role('taskRoleArn'),
      role('executionRoleArn'),
    ],
    DescribeClusters: ['ecs:DescribeClusters @ $P:ecs:$R:$A:cluster/{clusters:=default}'],
    ...Object.fromEntries(
      [
        ['CreateService', '{serviceName}'],
        ['UpdateService', '{service}'],
        ['DeleteService', '{service}'],
        ['DescribeServices', '{services}'],
      ].map(([name, service]) => [name, [`ecs:${name} @ $P:ecs:$R:$A:service/{cluster:=default}/${service}`]]),
    ),
    ...Object.fromEntries(
      [
        ['StopTask', '{task}'],
        ['DescribeTasks', '{tasks}'],
        ['ExecuteCommand', '{task}'],
      ].map(([name, task]) => [name, [`ecs:${name} @ $P:ecs:$R:$A:task/{cluster:=default}/${task}`]]),
    ),
    ListServices: ['ecs:ListServices @ *'],
    ListTasks: ['ecs:ListTasks @ *'],
  },
  athena: {
    StartQueryExecution: ['athena:StartQueryExecution @ $P:athena:$R:$A:workgroup/{WorkGroup:=primary}'],
    ListQueryExecutions: ['athena:ListQueryExecutions @ $P:athena:$R:$A:workgroup/{WorkGroup:=primary}'],
    CreateNamedQuery: ['athena:CreateNamedQuery @ $P:athena:$R:$A:workgroup/{WorkGroup:=primary}'],
    ListNamedQueries: ['athena:ListNamedQueries @ $P:athena:$R:$A:workgroup/{WorkGroup:=primary}'],
  },
  ses: {
    SendEmail: [`ses:SendEmail @ ${SES}{Source}`],
    SendRawEmail: [`ses:SendRawEmail @ ${SES}{Source}`],
    SendTemplatedEmail: [`ses:SendTemplatedEmail @ ${SES}{Source}`, 'ses:SendTemplatedEmail @ $P:ses:$R:$A:template/{Template}'],
    SendBulkTemplatedEmail: [
      `ses:SendBulkTemplatedEmail @ ${SES}{Source}`,
      'ses:SendBulkTemplatedEmail @ $P:ses:$R:$A:template/{Template}',
    ],
  },
  sesv2: {
    SendEmail: [`ses:SendEmail @ ${SES}{FromEmailAddress}`, '+ses:SendEmail @ $P:ses:$R:$A:template/{Content.Template.TemplateName}'],
    SendBulkEmail: [
      `ses:SendBulkEmail @ ${SES}{FromEmailAddress}`,
      '+ses:SendBulkEmail @ $P:ses:$R:$A:template/{DefaultContent.Template.TemplateName}',
    ],
  },
  cloudwatch: {
    PutMetricData: ['cloudwatch:PutMetricData @ *'],
    GetMetricData: ['cloudwatch:GetMetricData @ *'],
    ListMetrics: ['cloudwatch:ListMetrics @ *'],
  },
  codebuild: {
    BatchGetBuilds: ['codebuild:BatchGetBuilds @ $P:codebuild:$R:$A:project/{ids:project}'],
    BatchDeleteBuilds: ['codebuild:BatchDeleteBuilds @ $P:codebuild:$R:$A:project/{ids:project}'],
    BatchGetBuildBatches: ['codebuild:BatchGetBuildBatches @ $P:codebuild:$R:$A:project/{ids:project}'],
    StopBuild: ['codebuild:StopBuild @ $P:codebuild:$R:$A:project/{id:project}'],
    StopBuildBatch: ['codebuild:StopBuildBatch @ $P:codebuild:$R:$A:project/{id:project}'],
    RetryBuild: ['codebuild:RetryBuild @ $P:codebuild:$R:$A:project/{id:project}'],
  },
  route53: {
    ListHostedZonesByName: ['route53:ListHostedZonesByName'],
    CreateHostedZone: ['route53:CreateHostedZone'],
  },
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
  batch: { CancelJobs: ['batch:CancelJob'], TerminateJobs: ['batch:TerminateJob'] },
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
  s3control: {
    GetPublicAccessBlock: ['s3:GetAccountPublicAccessBlock @ *'],
    PutPublicAccessBlock: ['s3:PutAccountPublicAccessBlock @ *'],
    DeletePublicAccessBlock: ['s3:PutAccountPublicAccessBlock @ *'],
  },
};

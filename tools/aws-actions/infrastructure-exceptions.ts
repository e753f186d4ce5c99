import type { ServiceExceptions } from './exceptions.ts';

const role = (path: string): string => `+iam:PassRole @ {=${path}}`;
const IAM_ROLE = '$P:iam::$A:role';
/** EC2's instances and those that are only managed by Systems Manager tell themselves apart by their ids. */
const managed = (action: string, path: string): readonly string[] => [
  `+ssm:${action} @ $P:ec2:$R:$A:instance/{${path}:^i-}`,
  `+ssm:${action} @ $P:ssm:$R:$A:managed-instance/{${path}:^mi-}`,
];
const managedOne = (action: string, path: string): string =>
  `ssm:${action} @ $P:ec2:$R:$A:instance/{${path}:^i-}, $P:ssm:$R:$A:managed-instance/{${path}:^mi-}, *`;
/** What Systems Manager calls a resource of a type that a parameter names. */
const ssmTagged = (action: string): readonly string[] => [
  `ssm:${action} @ ${Object.entries({
    Parameter: 'parameter/',
    Document: 'document/',
    MaintenanceWindow: 'maintenancewindow/',
    ManagedInstance: 'managed-instance/',
    PatchBaseline: 'patchbaseline/',
    OpsItem: 'opsitem/',
    OpsMetadata: 'opsmetadata/',
    Automation: 'automation-execution/',
    Association: 'association/',
  })
    .map(([type, kind]) => `$P:ssm:$R:$A:${kind}{ResourceId?ResourceType=${type}}`)
    .join(', ')}, *`,
];
/** Buckets on Outposts, which S3 Control manages: by ARN, or by name with the Outpost in a header. */
const outpost = (action: string): readonly string[] => [
  `s3-outposts:${action} @ {=name|Bucket}, $P:s3-outposts:$R:$A:outpost/{x-amz-outpost-id}/bucket/{name|Bucket}`,
];
const copied = (action: string, kind: string, source: string, target: string): readonly string[] => [
  `rds:${action} @ $P:rds:$R:$A:${kind}:{${source}}`,
  `rds:${action} @ $P:rds:$R:$A:${kind}:{${target}}`,
];
const GLUE_REGISTRY =
  '$P:glue:$R:$A:registry/{SchemaId.RegistryName|RegistryId.RegistryName|RegistryId.RegistryArn|SchemaId.SchemaArn:registry}';
const GLUE_SCHEMA = '$P:glue:$R:$A:schema/{SchemaId.SchemaArn|SchemaId.SchemaName}';
const both = (action: string): readonly string[] => [`glue:${action} @ ${GLUE_REGISTRY}`, `glue:${action} @ ${GLUE_SCHEMA}`];

/** Exceptions of services that run, store and build things; written as in exceptions.ts. */
export const INFRASTRUCTURE_EXCEPTIONS: Readonly<Record<string, ServiceExceptions>> = {
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
    CopyImage: ['ec2:CopyImage @ $P:ec2:$R::image/*', 'ec2:CopyImage @ $P:ec2:$R::snapshot/*'],
    RegisterImage: ['ec2:RegisterImage @ $P:ec2:$R::image/*'],
    ...Object.fromEntries(
      ['EnableFastSnapshotRestores', 'DisableFastSnapshotRestores'].map((name) => [
        name,
        [`ec2:${name} @ $P:ec2:$R::snapshot/{SourceSnapshotId|SourceSnapshotIds}`],
      ]),
    ),
    ModifyInstanceCreditSpecification: [
      'ec2:ModifyInstanceCreditSpecification @ $P:ec2:$R:$A:instance/{InstanceCreditSpecification.InstanceId}',
    ],
    CreateNatGateway: [
      'ec2:CreateNatGateway @ $P:ec2:$R:$A:natgateway/*',
      '+ec2:CreateNatGateway @ $P:ec2:$R:$A:elastic-ip/{AllocationId}',
      '+ec2:CreateNatGateway @ $P:ec2:$R:$A:subnet/{SubnetId}',
    ],
    RunInstances: [
      '+ec2:RunInstances @ $P:ec2:$R::image/{ImageId}',
      'ec2:RunInstances @ $P:ec2:$R:$A:instance/*',
      'ec2:RunInstances @ $P:ec2:$R:$A:network-interface/*',
      'ec2:RunInstances @ $P:ec2:$R:$A:volume/*',
      '+ec2:RunInstances @ $P:ec2:$R:$A:security-group/{SecurityGroupId|SecurityGroupIds|NetworkInterface.SecurityGroupId}',
      '+ec2:RunInstances @ $P:ec2:$R:$A:subnet/{SubnetId|NetworkInterface.SubnetId}',
      '+ec2:RunInstances @ $P:ec2:$R:$A:key-pair/{KeyName}',
      '+ec2:RunInstances @ $P:ec2:$R:$A:launch-template/{LaunchTemplate.LaunchTemplateId}',
    ],
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
      ].map(([name, task]) => [name, [`ecs:${name} @ $P:ecs:$R:$A:task/{cluster:=default}/${task}`]]),
    ),
    ExecuteCommand: [
      'ecs:ExecuteCommand @ $P:ecs:$R:$A:cluster/{cluster:=default}',
      'ecs:ExecuteCommand @ $P:ecs:$R:$A:task/{cluster:=default}/{task}',
    ],
    DeleteTaskDefinitions: [
      'ecs:DeleteTaskDefinitions @ $P:ecs:$R:$A:task-definition/{taskDefinitions:rev}, $P:ecs:$R:$A:task-definition/*:*',
    ],
    ListServices: ['ecs:ListServices @ *'],
    ListTasks: ['ecs:ListTasks @ *'],
  },
  eks: Object.fromEntries(
    ['DescribeIdentityProviderConfig', 'DisassociateIdentityProviderConfig'].map((name) => [
      name,
      [
        `eks:${name} @ $P:eks:$R:$A:identityproviderconfig/{clusterName|name}/{identityProviderConfig.type}/{identityProviderConfig.name}/*`,
      ],
    ]),
  ),
  batch: {
    SubmitJob: ['batch:SubmitJob @ $P:batch:$R:$A:job-definition/{jobDefinition}', 'batch:SubmitJob @ $P:batch:$R:$A:job-queue/{jobQueue}'],
    CancelJobs: ['batch:CancelJob'],
    TerminateJobs: ['batch:TerminateJob'],
  },
  autoscaling: {
    ...Object.fromEntries(
      ['AttachLoadBalancerTargetGroups', 'DetachLoadBalancerTargetGroups'].map((name) => [
        name,
        [`autoscaling:${name} @ $P:autoscaling:$R:$A:autoScalingGroup:*:autoScalingGroupName/{AutoScalingGroupName}`],
      ]),
    ),
    ...Object.fromEntries(
      ['CreateOrUpdateTags', 'DeleteTags'].map((name) => [
        name,
        [`autoscaling:${name} @ $P:autoscaling:$R:$A:autoScalingGroup:*:autoScalingGroupName/{Tags.ResourceId}`],
      ]),
    ),
  },
  elbv2: {
    CreateLoadBalancer: [
      ['network', 'net'],
      ['gateway', 'gwy'],
    ]
      .map(([type, kind]) => `$P:elasticloadbalancing:$R:$A:loadbalancer/${kind}/{Name?Type=${type}}/*`)
      .reduceRight(
        ([rest = ''], alternative) => [rest.replace(' @ ', ` @ ${alternative}, `)],
        ['elasticloadbalancing:CreateLoadBalancer @ $P:elasticloadbalancing:$R:$A:loadbalancer/app/{Name}/*'],
      ),
    CreateTargetGroup: ['elasticloadbalancing:CreateTargetGroup @ $P:elasticloadbalancing:$R:$A:targetgroup/{Name}/*'],
  },
  rds: {
    CopyDBSnapshot: copied('CopyDBSnapshot', 'snapshot', 'SourceDBSnapshotIdentifier', 'TargetDBSnapshotIdentifier'),
    CopyDBClusterSnapshot: copied(
      'CopyDBClusterSnapshot',
      'cluster-snapshot',
      'SourceDBClusterSnapshotIdentifier',
      'TargetDBClusterSnapshotIdentifier',
    ),
    CopyDBParameterGroup: copied('CopyDBParameterGroup', 'pg', 'SourceDBParameterGroupIdentifier', 'TargetDBParameterGroupIdentifier'),
    CopyDBClusterParameterGroup: copied(
      'CopyDBClusterParameterGroup',
      'cluster-pg',
      'SourceDBClusterParameterGroupIdentifier',
      'TargetDBClusterParameterGroupIdentifier',
    ),
    DeleteDBCluster: [
      'rds:DeleteDBCluster @ $P:rds:$R:$A:cluster:{DBClusterIdentifier}',
      '+rds:DeleteDBCluster @ $P:rds:$R:$A:cluster-snapshot:{FinalDBSnapshotIdentifier}',
    ],
  },
  ssm: {
    GetParametersByPath: ['ssm:GetParametersByPath @ $P:ssm:$R:$A:parameter/{Path:bare}'],
    SendCommand: ['ssm:SendCommand @ $P:ssm:$R:$A:document/{DocumentName}', ...managed('SendCommand', 'InstanceIds')],
    StartSession: [managedOne('StartSession', 'Target'), '+ssm:StartSession @ $P:ssm:$R:$A:document/{DocumentName}'],
    GetConnectionStatus: [managedOne('GetConnectionStatus', 'Target')],
    CreateAssociation: [
      'ssm:CreateAssociation @ $P:ssm:$R:$A:association/*',
      'ssm:CreateAssociation @ $P:ssm:$R:$A:document/{Name}',
      ...managed('CreateAssociation', 'InstanceId'),
    ],
    UpdateAssociationStatus: [
      'ssm:UpdateAssociationStatus @ $P:ssm:$R:$A:document/{Name}',
      ...managed('UpdateAssociationStatus', 'InstanceId'),
    ],
    ...Object.fromEntries(
      [
        'DescribeEffectiveInstanceAssociations',
        'DescribeInstanceAssociationsStatus',
        'DescribeInstancePatches',
        'DescribeInstancePatchStates',
      ].map((name) => [name, name.endsWith('States') ? managed(name, 'InstanceIds') : [managedOne(name, 'InstanceId')]]),
    ),
    GetOpsSummary: ['ssm:GetOpsSummary @ $P:ssm:$R:$A:resource-data-sync/{SyncName}'],
    ...Object.fromEntries(['AddTagsToResource', 'RemoveTagsFromResource', 'ListTagsForResource'].map((name) => [name, ssmTagged(name)])),
  },
  codebuild: {
    BatchGetBuilds: ['codebuild:BatchGetBuilds @ $P:codebuild:$R:$A:project/{ids:project}'],
    BatchDeleteBuilds: ['codebuild:BatchDeleteBuilds @ $P:codebuild:$R:$A:project/{ids:project}'],
    BatchGetBuildBatches: ['codebuild:BatchGetBuildBatches @ $P:codebuild:$R:$A:project/{ids:project}'],
    ...Object.fromEntries(
      ['DeleteBuildBatch', 'RetryBuildBatch', 'StopSandbox'].map((name) => [
        name,
        [`codebuild:${name} @ $P:codebuild:$R:$A:project/{id:project}`],
      ]),
    ),
    BatchGetSandboxes: ['codebuild:BatchGetSandboxes @ $P:codebuild:$R:$A:project/{ids:project}'],
    StopBuild: ['codebuild:StopBuild @ $P:codebuild:$R:$A:project/{id:project}'],
    StopBuildBatch: ['codebuild:StopBuildBatch @ $P:codebuild:$R:$A:project/{id:project}'],
    RetryBuild: ['codebuild:RetryBuild @ $P:codebuild:$R:$A:project/{id:project}'],
  },
  codepipeline: {
    CreatePipeline: ['codepipeline:CreatePipeline @ $P:codepipeline:$R:$A:{pipeline.name}', role('pipeline.roleArn')],
    UpdatePipeline: ['codepipeline:UpdatePipeline @ $P:codepipeline:$R:$A:{pipeline.name}', role('pipeline.roleArn')],
    PutWebhook: [
      'codepipeline:PutWebhook @ $P:codepipeline:$R:$A:{webhook.targetPipeline}',
      'codepipeline:PutWebhook @ $P:codepipeline:$R:$A:webhook:{webhook.name}',
    ],
  },
  servicediscovery: { DiscoverInstances: ['servicediscovery:DiscoverInstances @ *'] },
  wafv2: { PutLoggingConfiguration: ['wafv2:PutLoggingConfiguration @ {=LoggingConfiguration.ResourceArn}'] },
  dms: {
    DescribeDataProviders: ['dms:ListDataProviders'],
    DescribeInstanceProfiles: ['dms:ListInstanceProfiles'],
    DescribeMigrationProjects: ['dms:ListMigrationProjects'],
    DescribeExtensionPackAssociations: ['dms:ListExtensionPacks'],
    ModifyDataProvider: ['dms:UpdateDataProvider'],
    ModifyInstanceProfile: ['dms:UpdateInstanceProfile'],
    ModifyMigrationProject: ['dms:UpdateMigrationProject'],
    ModifyConversionConfiguration: ['dms:UpdateConversionConfiguration'],
  },
  glue: {
    CreateDatabase: ['glue:CreateDatabase @ $P:glue:$R:$A:catalog', 'glue:CreateDatabase @ $P:glue:$R:$A:database/{DatabaseInput.Name}'],
    DeleteDatabase: [
      'glue:DeleteDatabase @ $P:glue:$R:$A:catalog',
      'glue:DeleteDatabase @ $P:glue:$R:$A:database/{Name}',
      'glue:DeleteDatabase @ $P:glue:$R:$A:table/{Name}/*',
      'glue:DeleteDatabase @ $P:glue:$R:$A:userDefinedFunction/{Name}/*',
    ],
    BatchDeleteTable: [
      'glue:BatchDeleteTable @ $P:glue:$R:$A:catalog',
      'glue:BatchDeleteTable @ $P:glue:$R:$A:database/{DatabaseName}',
      'glue:BatchDeleteTable @ $P:glue:$R:$A:table/{DatabaseName}/{TablesToDelete}',
    ],
    BatchDeleteConnection: [
      'glue:BatchDeleteConnection @ $P:glue:$R:$A:catalog',
      'glue:BatchDeleteConnection @ $P:glue:$R:$A:connection/{ConnectionNameList}',
    ],
    CreateUsageProfile: ['glue:CreateUsageProfile @ $P:glue:$R:$A:usageProfile/{Name}'],
    CreateCrawler: ['glue:CreateCrawler', `+iam:PassRole @ ${IAM_ROLE}/{Role}`],
    CreateJob: ['glue:CreateJob', `+iam:PassRole @ ${IAM_ROLE}/{Role}`],
    CreateSchema: [`glue:CreateSchema @ ${GLUE_REGISTRY}`, 'glue:CreateSchema @ $P:glue:$R:$A:schema/{SchemaName}'],
    ...Object.fromEntries(
      ['GetRegistry', 'UpdateRegistry', 'DeleteRegistry', 'ListSchemas'].map((name) => [name, [`glue:${name} @ ${GLUE_REGISTRY}`]]),
    ),
    ...Object.fromEntries(
      [
        'GetSchema',
        'UpdateSchema',
        'DeleteSchema',
        'DeleteSchemaVersions',
        'GetSchemaByDefinition',
        'GetSchemaVersionsDiff',
        'ListSchemaVersions',
        'RegisterSchemaVersion',
      ].map((name) => [name, both(name)]),
    ),
  },
  redshift: {
    GetClusterCredentials: [
      'redshift:GetClusterCredentials @ $P:redshift:$R:$A:dbuser:{ClusterIdentifier}/{DbUser}',
      '+redshift:GetClusterCredentials @ $P:redshift:$R:$A:dbname:{ClusterIdentifier}/{DbName}',
    ],
  },
  // Their ids tell nothing of what is asked for.
  'redshift-serverless': {
    UpdateCustomDomainAssociation: ['redshift-serverless:UpdateCustomDomainAssociation @ $P:redshift-serverless:$R:$A:workgroup/*'],
  },
  'application-autoscaling': Object.fromEntries(
    [
      'RegisterScalableTarget',
      'DeregisterScalableTarget',
      'PutScalingPolicy',
      'DeleteScalingPolicy',
      'PutScheduledAction',
      'DeleteScheduledAction',
    ].map((name) => [
      name,
      [
        `application-autoscaling:${name} @ $P:application-autoscaling:$R:$A:scalable-target/*`,
        ...(name === 'RegisterScalableTarget' ? ['+iam:PassRole @ {=RoleARN}'] : []),
      ],
    ]),
  ),
  quicksight: {
    DescribeAnalysisDefinition: ['quicksight:DescribeAnalysis'],
    DescribeDashboardDefinition: ['quicksight:DescribeDashboard'],
    DescribeTemplateDefinition: ['quicksight:DescribeTemplate'],
  },
  s3control: {
    // Only access points of directory buckets have a scope.
    ...Object.fromEntries(
      ['GetAccessPointScope', 'PutAccessPointScope', 'DeleteAccessPointScope'].map((name) => [
        name,
        [`s3express:${name} @ $P:s3express:$R:$A:accesspoint/{name|Name}`],
      ]),
    ),
    ListAccessPointsForDirectoryBuckets: ['s3express:ListAccessPointsForDirectoryBuckets @ *'],
    GetBucket: outpost('GetBucket'),
    CreateBucket: outpost('CreateBucket'),
    DeleteBucket: outpost('DeleteBucket'),
    ListRegionalBuckets: ['s3-outposts:ListRegionalBuckets'],
    ...Object.fromEntries(
      [
        ['BucketLifecycleConfiguration', 'LifecycleConfiguration'],
        ['BucketReplication', 'ReplicationConfiguration'],
        ['BucketTagging', 'BucketTagging'],
        ['BucketVersioning', 'BucketVersioning'],
      ].flatMap(([name, action]) => [
        [`Get${name}`, outpost(`Get${action}`)],
        [`Put${name}`, outpost(`Put${action}`)],
        [`Delete${name}`, outpost(`Put${action}`)],
      ]),
    ),
    GetBucketPolicy: outpost('GetBucketPolicy'),
    PutBucketPolicy: outpost('PutBucketPolicy'),
    DeleteBucketPolicy: outpost('DeleteBucketPolicy'),
    GetPublicAccessBlock: ['s3:GetAccountPublicAccessBlock @ *'],
    PutPublicAccessBlock: ['s3:PutAccountPublicAccessBlock @ *'],
    DeletePublicAccessBlock: ['s3:PutAccountPublicAccessBlock @ *'],
  },
};

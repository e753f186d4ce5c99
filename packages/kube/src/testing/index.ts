export { createFakeApiServer } from './fake-api-server.ts';
export type { CreateHook, FakeApiServer, FakeApiServerOptions, SeenRequest } from './fake-api-server.ts';
export type { Fault } from './faults.ts';
export type { FakeObject } from './object-store.ts';
export type { PodLogs } from './pod-logs.ts';
export type { FakeResource } from './resource-table.ts';
export type { WatchHub } from './watch-hub.ts';

/** For tests of what talks to a mapper: one with a small cluster over real HTTP. */
export { freePort } from './free-port.ts';
export { ADDRESSES } from './shop-cluster.ts';
export { attempt, START, startTestMapper } from './start-test-mapper.ts';
export type { TestMapper, TestMapperOptions } from './start-test-mapper.ts';

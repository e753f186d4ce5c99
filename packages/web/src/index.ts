export { createFixtureMap, FIXTURE_NOW, FIXTURE_SIZES } from './testing/fixture-map.ts';

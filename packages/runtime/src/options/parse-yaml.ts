/** The module apart that is loaded only when there is a file: bundles of CommonJS packages have no named exports themselves. */
export { parse as parseYaml } from 'yaml';

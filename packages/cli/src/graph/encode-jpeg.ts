/** The module apart that is loaded only for this format: bundles of CommonJS packages have no named exports themselves. */
export { encode as encodeJpeg } from 'jpeg-js';

import { expect, test } from 'vitest';
import { createLogger } from './logging.ts';

test('a line says once which part it is of', () => {
  let text = '';
  const log = createLogger({ name: 'mapper', level: 'info', destination: { write: (line) => (text += line) } });
  log.info('ready', { name: 'of something else' });
  log.debug('not told');
  const { time, ...line } = JSON.parse(text) as Record<string, unknown>;
  expect(line).toEqual({ level: 30, part: 'mapper', name: 'of something else', msg: 'ready' });
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(text.match(/"name"/g)).toHaveLength(1);
});

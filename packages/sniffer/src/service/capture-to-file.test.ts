import { existsSync } from 'node:fs';
import { silentLogger } from '@nm/core';
import { expect, test } from 'vitest';
import { createFrameSource } from '../testing/frame-source.ts';
import { captureToFile } from './capture-to-file.ts';

test.runIf(existsSync('/dev/full'))('a full disk ends a capture with one line, not the process', async () => {
  const source = createFrameSource();
  const options = { output: '/dev/full', duration: 60_000, dnsPorts: [53], loopback: false, maxBytes: 1_000_000 };
  const ended = captureToFile({ log: silentLogger, source }, options, new AbortController().signal);
  await expect(ended).rejects.toMatchObject({
    code: 'output-unwritable',
    message: expect.stringMatching(/cannot write \/dev\/full: .*ENOSPC/),
  });
});

import { ApiError } from './errors.ts';

/**
 * The text of an answer, read no further than `maxBytes`: whoever answers at a mapper's address, and a mapper that was
 * asked for too much, must not fill the memory of who asks. Throws ApiError `API_TOO_LARGE`.
 */
export async function readText(response: Response, maxBytes: number, url: string): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let length = 0;
  let text = '';
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      length += step.value.byteLength;
      if (length > maxBytes) {
        const message = `${url} answered with more than ${Math.floor(maxBytes / 1024)} KiB. Ask for less, such as one namespace`;
        throw new ApiError('API_TOO_LARGE', message, { status: response.status });
      }
      text += decoder.decode(step.value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return text + decoder.decode();
}

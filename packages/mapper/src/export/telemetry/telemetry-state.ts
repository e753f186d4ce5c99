import { OptionError } from '@nm/runtime';

/** Whether telemetry is sent and where to; `reason` says why not. */
export type TelemetryState = { readonly endpoint: string } | { readonly endpoint?: undefined; readonly reason: string };

/** @throws OptionError for an endpoint that is no http(s) URL. */
export function telemetryState(
  options: {
    readonly telemetryEnabled: boolean;
    readonly telemetryEndpoint: string | undefined;
  },
  env: Readonly<Record<string, string | undefined>>,
): TelemetryState {
  const { telemetryEndpoint: endpoint } = options;
  if (endpoint !== undefined && !(URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol))) {
    throw new OptionError(
      'option_invalid',
      '--telemetry-endpoint is not an http(s) URL: give one such as https://usage.example.com/report',
    );
  }
  if (!options.telemetryEnabled) return { reason: 'switched off by --telemetry-enabled=false' };
  if (isDoNotTrack(env['DO_NOT_TRACK'])) return { reason: 'switched off by DO_NOT_TRACK' };
  return endpoint === undefined ? { reason: 'no --telemetry-endpoint is set' } : { endpoint };
}

/** Any value but an explicit no is a wish to be left alone (consoledonottrack.com says 1). */
function isDoNotTrack(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no'].includes(value.trim().toLowerCase());
}

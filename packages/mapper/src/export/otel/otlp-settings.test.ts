import { describe, expect, test } from 'vitest';
import { otlpSettings, parsePairs } from './otlp-settings.ts';

const PREFIX = 'OTEL_EXPORTER_OTLP_';
const set = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [PREFIX + name, value]));

describe('the address', () => {
  test.each([
    ['of HTTP without any', 'http/protobuf', {}, 'http://localhost:4318/v1/metrics'],
    ['of all signals is a base', 'http/protobuf', { ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/metrics'],
    ['with a path is a base, too', 'http/protobuf', { ENDPOINT: 'https://c/otlp/' }, 'https://c/otlp/v1/metrics'],
    ['of metrics is used as it is', 'http/protobuf', { METRICS_ENDPOINT: 'http://c/own', ENDPOINT: 'http://d' }, 'http://c/own'],
    ['of gRPC without any', 'grpc', {}, 'http://localhost:4317/'],
    ['of gRPC', 'grpc', { ENDPOINT: 'http://c:4317' }, 'http://c:4317/'],
    ['of gRPC by TLS', 'grpc', { ENDPOINT: 'https://c:4317' }, 'https://c:4317/'],
    ['of gRPC for metrics', 'grpc', { METRICS_ENDPOINT: 'http://m:1', ENDPOINT: 'http://c:4317' }, 'http://m:1/'],
    ['of gRPC without a scheme is by TLS', 'grpc', { ENDPOINT: 'c:4317' }, 'https://c:4317/'],
    ['but where told', 'grpc', { ENDPOINT: 'c:4317', INSECURE: 'true' }, 'http://c:4317/'],
  ] as const)('%s', (_, protocol, values, expected) => {
    expect(otlpSettings(set(values), protocol).url.href).toBe(expected);
  });
});

test('everything has its default', () => {
  expect(otlpSettings({}, 'grpc')).toMatchObject({ headers: {}, timeoutMs: 10_000, isGzip: false, files: {} });
});

test('what is of metrics goes before what is of all signals', () => {
  const env = set({
    HEADERS: 'Authorization=Bearer%20a%3D,x-team=map',
    METRICS_HEADERS: 'x-team=own',
    TIMEOUT: '5000',
    METRICS_TIMEOUT: '700',
    COMPRESSION: 'none',
    METRICS_COMPRESSION: 'gzip',
    CERTIFICATE: '/ca.pem',
    METRICS_CLIENT_CERTIFICATE: '/cert.pem',
    CLIENT_KEY: '/key.pem',
  });
  expect(otlpSettings(env, 'grpc')).toMatchObject({
    headers: { authorization: 'Bearer a=', 'x-team': 'own' },
    timeoutMs: 700,
    isGzip: true,
    files: { ca: '/ca.pem', cert: '/cert.pem', key: '/key.pem' },
  });
});

describe('what cannot be meant stops the start', () => {
  test.each([
    ['an HTTP address without a scheme', 'http/protobuf', { ENDPOINT: 'collector:4318' }, 'give http://host:port'],
    ['a scheme that we do not speak', 'grpc', { ENDPOINT: 'unix:///run/otel.sock' }, 'give http://host:port'],
    ['no host', 'grpc', { ENDPOINT: 'http://' }, 'give http://host:port'],
    ['a header without a value', 'grpc', { HEADERS: 'token' }, 'OTEL_EXPORTER_OTLP_HEADERS cannot be sent'],
    ['a header with a line break', 'grpc', { HEADERS: 'a=b%0d%0ac' }, 'OTEL_EXPORTER_OTLP_HEADERS cannot be sent'],
    ['a header that is no name', 'grpc', { METRICS_HEADERS: ':path=/x' }, 'OTEL_EXPORTER_OTLP_METRICS_HEADERS cannot be sent'],
    ['a time that is none', 'grpc', { TIMEOUT: '10s' }, 'give milliseconds'],
    ['an unknown compression', 'grpc', { COMPRESSION: 'zstd' }, 'use gzip or none'],
  ] as const)('%s', (_, protocol, values, message) => {
    expect(() => otlpSettings(set(values), protocol)).toThrow(message);
  });

  test('and its message has no secrets', () => {
    for (const values of [{ ENDPOINT: 'ftp://user:secret@c' }, { HEADERS: 'a=secret%0a' }]) {
      expect(() => otlpSettings(set(values), 'grpc')).toThrow(/^(?!.*secret)/);
    }
  });
});

describe('pairs', () => {
  test.each([
    ['nothing', '', {}],
    ['one', 'a=b', { a: 'b' }],
    ['spaces and an end', ' a = b , c=d ,', { a: 'b', c: 'd' }],
    ['what is encoded', 'a=b%2Cc%3D1', { a: 'b,c=1' }],
    ['an equals sign in the value', 'a=b=', { a: 'b=' }],
    ['no key', '=b', undefined],
    ['no value', 'a', undefined],
    ['a wrong encoding', 'a=%zz', undefined],
  ])('%s', (_, text, expected) => {
    expect(parsePairs(text)).toEqual(expected);
  });
});

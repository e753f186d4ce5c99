/** The host that a request's head names in its field Host (RFC 9110, 7.2), without port, in lower case. */
export function parseHostField(head: string): string | undefined {
  const host = /\r\nhost:[ \t]*([^\r\n:]*)/i.exec(head)?.[1]?.trim().toLowerCase();
  return host === '' ? undefined : host;
}

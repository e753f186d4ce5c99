/** Why a file cannot be read, for people: Node's own message has the code, the call and the path again. */
export function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'it may not be read';
  return cause instanceof Error ? cause.message : String(cause);
}

/** Errors of the commands sniffer and capture (docs/reference/errors.md is written from it). */
export const SNIFFER_ERRORS = {
  'capture-no-right': 'A packet socket may not be opened. Run as root with the capability NET_RAW.',
  'capture-unsupported': 'Live capture works on Linux (x64, arm64). Elsewhere read files: network-mapper map --pcap FILE.',
  'capture-failed': 'The kernel refused the packet socket or its ring. The message says which call, and with what.',
  'spool-unusable': 'The folder of --spool-dir cannot be used. Give a writable one, or leave the option out.',
  'proc-unusable': "The folder of --host-proc is no procfs. In a pod: hostPID, or the node's /proc mounted there.",
  'output-unwritable': 'The file of --output cannot be written.',
} as const;

export type SnifferErrorCode = keyof typeof SNIFFER_ERRORS;

/**
 * A small assembler for classic BPF (linux/filter.h, linux/bpf_common.h): instructions name their jump targets, the
 * assembler finds the distances, and turns a conditional jump that is too far for its 8 bits into a short one over
 * unconditional jumps (32 bits).
 */

/** Opcodes that the filter uses: class | size | mode, or class | operation | source (linux/bpf_common.h). */
export const BPF = {
  loadWord: 0x20,
  loadHalf: 0x28,
  loadByte: 0x30,
  loadHalfAtX: 0x48,
  loadByteAtX: 0x50,
  loadMemory: 0x60,
  /** X = 4 * (byte at k & 0x0f): the length of an IPv4 header. */
  loadXHeaderLength: 0xb1,
  storeMemory: 0x02,
  add: 0x04,
  addX: 0x0c,
  and: 0x54,
  shiftLeft: 0x64,
  jump: 0x05,
  jumpEqual: 0x15,
  jumpSet: 0x45,
  returnValue: 0x06,
  copyAToX: 0x07,
  copyXToA: 0x87,
} as const;

/** Offset of ancillary data in absolute loads (SKF_AD_OFF) and what we read there. */
export const ANCILLARY = {
  protocol: 0xffff_f000,
  packetType: 0xffff_f004,
  hardwareType: 0xffff_f01c,
} as const;

/** The kernel takes no longer program (BPF_MAXINSNS). */
export const MAX_PROGRAM_LENGTH = 4096;

export type BpfLine =
  | { readonly label: string }
  | { readonly op: number; readonly k: number }
  | { readonly op: number; readonly k: number; readonly ifTrue: string; readonly ifFalse: string }
  | { readonly op: typeof BPF.jump; readonly to: string };

/** One instruction as the kernel reads it (struct sock_filter). */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** The name of the line after this one, as a jump target. */
export const NEXT = '';

/** @throws RangeError for an unknown label, a backward jump or a program that is too long: mistakes of the program's author. */
export function assembleBpf(lines: readonly BpfLine[]): BpfInstruction[] {
  const long = new Set<number>();
  for (;;) {
    const { starts, labels, length } = layOut(lines, long);
    if (length > MAX_PROGRAM_LENGTH) throw new RangeError(`BPF program has ${length} instructions, the kernel takes ${MAX_PROGRAM_LENGTH}`);
    const tooFar = lines.flatMap((line, index) => {
      if (!('ifTrue' in line) || long.has(index)) return [];
      const after = (starts[index] ?? 0) + 1;
      return [line.ifTrue, line.ifFalse].some((target) => distance(labels, target, after) > 255) ? [index] : [];
    });
    if (tooFar.length === 0) return emit(lines, long, starts, labels);
    for (const index of tooFar) long.add(index);
  }
}

function layOut(lines: readonly BpfLine[], long: ReadonlySet<number>): { starts: number[]; labels: Map<string, number>; length: number } {
  const labels = new Map<string, number>();
  const starts: number[] = [];
  let at = 0;
  for (const [index, line] of lines.entries()) {
    starts.push(at);
    if ('label' in line) labels.set(line.label, at);
    else at += long.has(index) ? 3 : 1;
  }
  return { starts, labels, length: at };
}

/** Instructions between `after` (the one that follows the jump) and the target. */
function distance(labels: ReadonlyMap<string, number>, target: string, after: number): number {
  if (target === NEXT) return 0;
  const at = labels.get(target);
  if (at === undefined) throw new RangeError(`BPF program jumps to an unknown label ${target}`);
  if (at < after) throw new RangeError(`BPF program jumps back to ${target}`);
  return at - after;
}

function emit(
  lines: readonly BpfLine[],
  long: ReadonlySet<number>,
  starts: readonly number[],
  labels: ReadonlyMap<string, number>,
): BpfInstruction[] {
  const out: BpfInstruction[] = [];
  for (const [index, line] of lines.entries()) {
    const start = starts[index] ?? 0;
    if ('label' in line) continue;
    if ('to' in line) {
      out.push({ code: BPF.jump, jt: 0, jf: 0, k: distance(labels, line.to, start + 1) });
    } else if (!('ifTrue' in line)) {
      out.push({ code: line.op, jt: 0, jf: 0, k: line.k });
    } else if (long.has(index)) {
      const end = start + 3;
      const far = (target: string, from: number): number => (target === NEXT ? end - from : distance(labels, target, from));
      out.push({ code: line.op, jt: 0, jf: 1, k: line.k });
      out.push({ code: BPF.jump, jt: 0, jf: 0, k: far(line.ifTrue, start + 2) });
      out.push({ code: BPF.jump, jt: 0, jf: 0, k: far(line.ifFalse, start + 3) });
    } else {
      out.push({ code: line.op, jt: distance(labels, line.ifTrue, start + 1), jf: distance(labels, line.ifFalse, start + 1), k: line.k });
    }
  }
  return out;
}

/** The program as an array of struct sock_filter, little endian (x64 and arm64). */
export function encodeBpf(program: readonly BpfInstruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  }
  return bytes;
}

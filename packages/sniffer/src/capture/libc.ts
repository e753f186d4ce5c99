import { AppError } from '@nm/core';
import koffi from 'koffi';
import type { SnifferErrorCode } from '../service/sniffer-errors.ts';

/** The few functions of the C library that capturing needs. 64-bit little-endian Linux: x64 and arm64 share all layouts below. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number;
  mmap(address: null, length: number, protection: number, flags: number, fd: number, offset: number): bigint;
  munmap(address: bigint, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  fcntl(fd: number, command: number, value: number): number;
  close(fd: number): number;
}

let loaded: Libc | undefined;

/** @throws AppError capture-unsupported where there is no such library. */
export function loadLibc(): Libc {
  loaded ??= openLibc();
  return loaded;
}

function openLibc(): Libc {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    throw new AppError<SnifferErrorCode>(
      'capture-unsupported',
      `live capture works on Linux (x64, arm64), this is ${process.platform} ${process.arch}; use "network-mapper map --pcap FILE" here`,
    );
  }
  const library = koffi.load(null);
  // Declared with the types of the kernel's 64-bit ABI; koffi has no ssize_t.
  return {
    socket: library.func('int socket(int family, int type, int protocol)') as Libc['socket'],
    bind: library.func('int bind(int fd, const uint8_t *address, uint32_t length)') as Libc['bind'],
    setsockopt: library.func('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)') as Libc['setsockopt'],
    getsockopt: library.func(
      'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint8_t *length)',
    ) as Libc['getsockopt'],
    mmap: library.func('intptr_t mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)') as Libc['mmap'],
    munmap: library.func('int munmap(intptr_t address, size_t length)') as Libc['munmap'],
    send: library.func('int64_t send(int fd, const uint8_t *bytes, size_t length, int flags)') as Libc['send'],
    recv: library.func('int64_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)') as Libc['recv'],
    // Variadic in C; both ABIs pass integers there as they pass others.
    fcntl: library.func('int fcntl(int fd, int command, int value)') as Libc['fcntl'],
    close: library.func('int close(int fd)') as Libc['close'],
  };
}

/* malloc.h of glibc. */
const M_MMAP_THRESHOLD = -3;
const M_ARENA_MAX = -8;
const MMAP_THRESHOLD_BYTES = 64 * 1024;

/**
 * Large tables get memory of their own from the kernel, which is not touched before it is used: without this glibc
 * takes them from its heap and clears them, 6 MB for nothing on every quiet node. No effect where there is no mallopt.
 */
export function keepLargeAllocationsApart(): void {
  try {
    const mallopt = koffi.load(null).func('int mallopt(int name, int value)') as (name: number, value: number) => number;
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    mallopt(M_ARENA_MAX, 1);
  } catch {
    // Another C library (musl): its allocator does so by itself.
  }
}

/** Gives pages that glibc keeps for later back to the kernel: compiling takes several MB, and seldom again. About 1 ms. */
export function releaseFreedMemory(): void {
  try {
    mallocTrim ??= koffi.load(null).func('int malloc_trim(size_t pad)') as (pad: number) => number;
    mallocTrim(0);
  } catch {
    // Another C library.
  }
}

let mallocTrim: ((pad: number) => number) | undefined;

/** Memory of the kernel that this process has mapped. */
export function viewMemory(address: bigint, length: number): ArrayBuffer {
  return koffi.view(address, length);
}

/** Name of the last call's errno: `EPERM`, `ENOMEM`, … */
export function lastErrno(): string {
  const number = koffi.errno();
  return Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
}

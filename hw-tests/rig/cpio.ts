// A cpio archive in the "newc" format, as Linux takes it for an initial RAM file system: a 110-byte header of hexadecimal
// numbers, the name, the bytes, each padded to a multiple of 4 (kernel documentation, "initramfs buffer format").

const MODE_FOLDER = 0o040755;
const MODE_PROGRAM = 0o100755;
const TRAILER = 'TRAILER!!!';

export interface ArchiveFile {
  /** Without a leading slash. Its folders are made. */
  readonly path: string;
  readonly bytes: Buffer;
}

export function encodeCpio(files: readonly ArchiveFile[]): Buffer {
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  const entries = [
    ...[...folders].map((path) => [path, MODE_FOLDER, Buffer.alloc(0)] as const),
    ...files.map(({ path, bytes }) => [path, MODE_PROGRAM, bytes] as const),
    [TRAILER, 0, Buffer.alloc(0)] as const,
  ];
  return Buffer.concat(entries.flatMap(([path, mode, bytes], index) => encodeEntry(index + 1, path, mode, bytes)));
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function encodeEntry(inode: number, path: string, mode: number, bytes: Buffer): Buffer[] {
  const links = mode === MODE_FOLDER ? 2 : 1;
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, time, bytes, device (2), special device (2), length of the name, check
  const numbers = [inode, mode, 0, 0, links, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const hex = numbers.map((number) => number.toString(16).padStart(8, '0')).join('');
  return [padded(Buffer.concat([Buffer.from(`070701${hex}`), name])), padded(bytes)];
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

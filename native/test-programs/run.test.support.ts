// For the tests of this folder: runs the programs beside this file, and Python as a peer that shares no code with us.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Descriptor, type Readable, SeqpacketListener, SeqpacketSocket, waitReadable } from '../index.ts';

/** Far beyond what any test needs: only a hang reaches it. */
export const watchdogMs = 60_000;

export interface Ended {
  /** Exit status, or the name of the signal that ended the process. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function ended(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Ended {
  const cwd = import.meta.dirname;
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: watchdogMs * 2 });
  return {
    status: result.status ?? result.signal ?? 'unknown',
    stdout: result.stdout,
    stderr: result.stderr,
  };
}

/** Runs a program of this folder with `--expose-gc`. */
export function runProgram(name: string, ...args: string[]): Ended {
  return ended(process.execPath, ['--expose-gc', name, ...args]);
}

/** Runs the text of a module that may import './addon.mjs', after the shell command `setup`. */
export function runText(text: string, { setup = '', flags = '' }: { setup?: string; flags?: string } = {}): Ended {
  const node = `exec "$0" --expose-gc ${flags} --input-type=module -e "$1"`;
  return ended('bash', ['-c', `${setup}\n${node}`, process.execPath, text]);
}

/** As {@link runProgram}, with the addon built by `build.mjs --sanitize`. */
export function runSanitized(name: string, ...args: string[]): Ended {
  const library = (file: string) => execFileSync('g++', [`-print-file-name=${file}`], { encoding: 'utf8' }).trim();
  const env = {
    ...process.env,
    LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
    // Node itself leaks at exit by design; what the addon must not leak the programs count themselves.
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  return ended(process.execPath, ['--conditions=leasewire-sanitize', '--expose-gc', name, ...args], env);
}

let paths = 0;

export function freshPath(): string {
  return join(tmpdir(), `leasewire-test-${process.pid}-${paths++}.sock`);
}

/** Open descriptors of this process whose link contains `part`. */
export function countDescriptors(part: string): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // The descriptor of the listing itself.
    }
  });
  return links.filter((link) => link.includes(part)).length;
}

/** Two ends of one connection within this process. */
export function freshPair(): { client: SeqpacketSocket; server: SeqpacketSocket } {
  const path = freshPath();
  const listener = new SeqpacketListener(path, 1);
  const client = new SeqpacketSocket(path);
  const server = listener.accept();
  listener.close();
  unlinkSync(path);
  if (server === undefined) throw new Error('no connection');
  return { client, server };
}

export function awaitReadable(readable: Readable): void {
  if (waitReadable([readable], watchdogMs) === 0) throw new Error('nothing became readable');
}

const preamble = `
import array, ctypes, errno, fcntl, os, signal, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
def take():
    return socket.recv_fds(s, 65536, 64)
def say(text):
    s.send(str(text).encode())
def attempt(action):
    try:
        return str(action())
    except OSError as error:
        return errno.errorcode[error.errno]
`;

/** A Python process connected to us, as \`s\`; with \`take()\`, \`say(text)\` and \`attempt(action)\`. */
export class PythonPeer {
  readonly process: ChildProcess;
  readonly socket: SeqpacketSocket;

  constructor(code: string) {
    const path = freshPath();
    const listener = new SeqpacketListener(path, 1);
    this.process = spawn('python3', ['-c', preamble + code, path], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    awaitReadable(listener);
    const socket = listener.accept();
    listener.close();
    unlinkSync(path);
    if (socket === undefined) throw new Error('the peer did not connect');
    this.socket = socket;
  }

  send(text: string, descriptors: readonly Descriptor[] = []): void {
    if (!this.socket.send(Buffer.from(text), descriptors)) throw new Error('the socket is full');
  }

  /** Waits for a message; null once the peer has closed. */
  receive(bytesMax = 65536, descriptorsMax = 16): ReturnType<SeqpacketSocket['receive']> {
    awaitReadable(this.socket);
    return this.socket.receive(bytesMax, descriptorsMax);
  }

  /** Text of the next message. */
  hear(): string {
    return Buffer.from(this.receive()?.bytes ?? []).toString();
  }

  /** The one descriptor of the next message. */
  takeDescriptor(): Descriptor {
    const descriptor = this.receive()?.descriptors[0];
    if (descriptor === undefined) throw new Error('the peer sent no descriptor');
    return descriptor;
  }
}

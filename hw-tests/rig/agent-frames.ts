// The frames between the rig and the agent on a node, as guest/agent.cc has them:
//
//     0 bytes of payload | 4 kind | 8 number of the process | 12 payload       (32-bit, little-endian)

const HEADER_BYTES = 12;

export const frameKinds = {
  start: 1,
  input: 2,
  inputEnd: 3,
  signal: 4,
  hello: 16,
  started: 17,
  failed: 18,
  output: 19,
  error: 20,
  inputTaken: 21,
  exited: 22,
} as const;

export interface Frame {
  readonly kind: number;
  /** Which process, by the number that the rig gave it; 0 where none is meant. */
  readonly number: number;
  readonly payload: Buffer;
}

export function encodeFrame(kind: number, number: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(kind, 4);
  frame.writeUInt32LE(number, 8);
  payload.copy(frame, HEADER_BYTES);
  return frame;
}

export interface StartCommand {
  readonly cwd: string;
  readonly args: readonly string[];
  /** Added to the agent's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** Counts of arguments and of variables, then cwd, arguments and NAME=VALUE, each ended by NUL. */
export function encodeStart({ cwd, args, env }: StartCommand): Buffer {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const strings = [cwd, ...args, ...variables];
  const odd = strings.find((each) => each.includes('\0'));
  if (odd !== undefined) throw new RangeError(`no command can hold a NUL: ${JSON.stringify(odd)}`);
  return Buffer.concat([
    encodeNumbers(args.length, variables.length),
    ...strings.map((each) => Buffer.from(`${each}\0`)),
  ]);
}

export function encodeNumbers(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, 4 * index);
  return bytes;
}

/** Cuts a byte stream into frames, however it was cut up on its way. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  *read(bytes: Buffer): Generator<Frame> {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#pending.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#pending.readUInt32LE(0);
      if (this.#pending.length < end) return;
      const frame = this.#pending.subarray(0, end);
      this.#pending = this.#pending.subarray(end);
      yield { kind: frame.readUInt32LE(4), number: frame.readUInt32LE(8), payload: frame.subarray(HEADER_BYTES) };
    }
  }
}

// The typed service of a run: a method of each kind, with schemas that refuse.
import * as v from 'valibot';
import {
  type Bidirectional,
  bidirectional,
  type ClientStreaming,
  clientStreaming,
  defineService,
  type ServerStreaming,
  type Service,
  serverStreaming,
  type Unary,
  unary,
} from '#bridge';

/** What is asked for: so many pieces of this task. */
export interface Asked {
  readonly task: number;
  readonly note: string;
  readonly bytes: Uint8Array;
}

/** One of a task's pieces; none has an index below 0. */
export interface Piece {
  readonly task: number;
  readonly index: number;
  readonly bytes: Uint8Array;
}

const number = v.pipe(v.number(), v.integer(), v.minValue(0));
const asked: v.GenericSchema<Asked> = v.object({
  task: number,
  note: v.pipe(v.string(), v.minLength(1)),
  bytes: v.instance(Uint8Array),
});
const piece: v.GenericSchema<Piece> = v.object({ task: number, index: number, bytes: v.instance(Uint8Array) });

type AskedShape = typeof asked;
type PieceShape = typeof piece;

export type ProbeMethods = {
  readonly exchange: Unary<AskedShape, PieceShape>;
  /** May run twice. */
  readonly again: Unary<AskedShape, PieceShape>;
  readonly list: ServerStreaming<AskedShape, PieceShape>;
  readonly gather: ClientStreaming<PieceShape, PieceShape>;
  readonly chat: Bidirectional<PieceShape, PieceShape>;
};

export const probe: Service<ProbeMethods> = defineService({
  name: 'probe',
  methods: {
    exchange: unary({ input: asked, output: piece }),
    again: unary({ input: asked, output: piece, idempotent: true }),
    list: serverStreaming({ input: asked, output: piece }),
    gather: clientStreaming({ input: piece, output: piece }),
    chat: bidirectional({ input: piece, output: piece }),
  },
});

export type MethodName = keyof ProbeMethods;

// How the methods of a typed service are written down: what kind each is, and what goes in and out of it. Everything
// that has a type is a Standard Schema; a plain TypeScript type is one that accepts whatever comes.
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** How many messages a method takes, and gives: one of each, or a stream. */
export type MethodKind = 'unary' | 'server-streaming' | 'client-streaming' | 'bidirectional';

/** A type without a check. */
export type Plain<T> = StandardSchemaV1<T, T>;

export interface MethodOptions {
  /**
   * Whether a call may run twice. Then it is made again where the way to the server was lost on the way, and as the
   * client's retry policy says. Defaults to false.
   */
  readonly idempotent?: boolean;
  /** The method's number on the wire, 1 … 65535. Defaults to its place among the service's methods, from 1. */
  readonly id?: number;
  /** Says that two methods of one name differ, where their schemas cannot: up to 64 characters. */
  readonly version?: string;
}

export interface MethodShape<In, Out> extends MethodOptions {
  /** What goes in: checked at the server. Defaults to nothing. */
  readonly input?: In;
  /** What comes out: checked at the client. Defaults to nothing. */
  readonly output?: Out;
}

/** A method, whatever goes in and out of it. */
export interface AnyMethod {
  readonly kind: MethodKind;
  /** A schema. Not said to be one, so that a method that names no types is not taken for one of `unknown`. */
  readonly input: object;
  readonly output: object;
  readonly idempotent: boolean;
  readonly id: number | undefined;
  readonly version: string;
}

export interface Method<
  Kind extends MethodKind = MethodKind,
  In extends StandardSchemaV1 = StandardSchemaV1,
  Out extends StandardSchemaV1 = StandardSchemaV1,
> extends AnyMethod {
  readonly kind: Kind;
  readonly input: In;
  readonly output: Out;
}

/** The methods of a service by name. */
export type Methods = Readonly<Record<string, AnyMethod>>;

type SchemaOf<T> = [T] extends [never] ? Plain<T> : [T] extends [StandardSchemaV1] ? T : Plain<T>;

/** A method's type, for whoever writes a service's type down: of plain types, of schemas' types, or one of each. */
export type Unary<In = void, Out = void> = Method<'unary', SchemaOf<In>, SchemaOf<Out>>;
export type ServerStreaming<In = void, Out = void> = Method<'server-streaming', SchemaOf<In>, SchemaOf<Out>>;
export type ClientStreaming<In = void, Out = void> = Method<'client-streaming', SchemaOf<In>, SchemaOf<Out>>;
export type Bidirectional<In = void, Out = void> = Method<'bidirectional', SchemaOf<In>, SchemaOf<Out>>;

/** Writes methods of one kind. */
export interface MethodOf<Kind extends MethodKind> {
  /** With schemas, of any library that speaks [Standard Schema](https://standardschema.dev). */
  <In extends StandardSchemaV1 = Plain<void>, Out extends StandardSchemaV1 = Plain<void>>(
    shape: MethodShape<In, Out>,
  ): Method<Kind, In, Out>;
  /** With plain types, which nothing checks at run time. */
  <In = void, Out = void>(options?: MethodOptions): Method<Kind, Plain<In>, Plain<Out>>;
}

/** Accepts whatever comes; the one schema that is known to, and so is not asked. */
export const anything: Plain<unknown> = {
  '~standard': { version: 1, vendor: 'leasewire', validate: (value) => ({ value }) },
};

/** A plain type where a schema is expected: `unary({ input: UserSchema, output: type<User>() })`. */
export function type<T>(): Plain<T> {
  return anything as Plain<T>;
}

/** One message in, one out. */
export const unary: MethodOf<'unary'> = methodOf('unary');
/** One message in, a stream of them out. */
export const serverStreaming: MethodOf<'server-streaming'> = methodOf('server-streaming');
/** A stream of messages in, one out. */
export const clientStreaming: MethodOf<'client-streaming'> = methodOf('client-streaming');
/** A stream of messages in, and another out, each at its own pace. */
export const bidirectional: MethodOf<'bidirectional'> = methodOf('bidirectional');

function methodOf<Kind extends MethodKind>(kind: Kind): MethodOf<Kind> {
  const write = (shape: MethodShape<StandardSchemaV1, StandardSchemaV1> = {}): Method<Kind> => {
    const { input = anything, output = anything, idempotent = false, id, version = '' } = shape;
    return { kind, input: checkSchema(input), output: checkSchema(output), idempotent, id, version };
  };
  return write as MethodOf<Kind>;
}

function checkSchema(schema: StandardSchemaV1): StandardSchemaV1 {
  if (typeof schema?.['~standard']?.validate === 'function') return schema;
  throw new TypeError('a method’s input and output are Standard Schemas, or type<T>()');
}

/** Whether what a kind of method gives is a stream. */
export function givesStream(kind: MethodKind): boolean {
  return kind === 'server-streaming' || kind === 'bidirectional';
}

/** Whether what a kind of method takes is a stream. */
export function takesStream(kind: MethodKind): boolean {
  return kind === 'client-streaming' || kind === 'bidirectional';
}

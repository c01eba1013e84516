// What the compiler makes of a service: the types of its client and of its implementation, and what it refuses. The
// repository is compiled as a whole, so a line that says `@ts-expect-error` fails to compile where nothing is refused.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { connect, type ServiceCallOptions, type ServiceClient } from './connect.ts';
import { type Implementation, implement, type ServiceContext } from './implement.ts';
import { bidirectional, clientStreaming, serverStreaming, type, type Unary, unary } from './method.ts';
import { defineService, type Service } from './service.ts';

const length = v.pipe(
  v.string(),
  v.transform((text) => text.length),
);
const service = defineService({
  name: 'types',
  methods: {
    add: unary<{ a: number; b: number }, number>({ idempotent: true }),
    ping: unary(),
    maybe: unary<string | undefined, string>(),
    measure: unary({ input: length, output: length }),
    mixed: unary({ input: length, output: type<Date>() }),
    upTo: serverStreaming<number, string>(),
    ticks: serverStreaming<void, Date>(),
    sum: clientStreaming({ input: length, output: type<number>() }),
    chat: bidirectional<string, Uint8Array>(),
  },
});
type TypesMethods = (typeof service)['methods'];
type Client = ServiceClient<TypesMethods>;
type Server = Implementation<TypesMethods>;
type Inputs<T> = AsyncIterable<T> | Iterable<T>;

describe('a client’s methods', () => {
  test('take what the definition takes, and give what it gives', () => {
    expectTypeOf<Client['add']>().toEqualTypeOf<
      (input: { a: number; b: number }, options?: ServiceCallOptions) => Promise<number>
    >();
    expectTypeOf<Client['ping']>().parameter(0).toBeVoid();
    expectTypeOf<Client['ping']>().returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf<Client['maybe']>().toEqualTypeOf<(input?: string, options?: ServiceCallOptions) => Promise<string>>();
    expectTypeOf<Client['upTo']>().returns.toEqualTypeOf<AsyncIterableIterator<string>>();
    expectTypeOf<Client['ticks']>().toBeCallableWith();
    expectTypeOf<Client['chat']>().parameter(0).toEqualTypeOf<Inputs<string>>();
    expectTypeOf<Client['chat']>().returns.toEqualTypeOf<AsyncIterableIterator<Uint8Array>>();
  });

  test('take what a schema takes, and give what it makes', () => {
    expectTypeOf<Client['measure']>().parameter(0).toEqualTypeOf<string>();
    expectTypeOf<Client['measure']>().returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf<Client['mixed']>().returns.toEqualTypeOf<Promise<Date>>();
    expectTypeOf<Client['sum']>().toEqualTypeOf<
      (inputs: Inputs<string>, options?: ServiceCallOptions) => Promise<number>
    >();
  });

  test('refuse what the definition does not allow', () => {
    const misused = (client: Client) => {
      // @ts-expect-error a is missing
      void client.add({ b: 2 });
      // @ts-expect-error b is no number
      void client.add({ a: 1, b: '2' });
      // @ts-expect-error there is no input
      void client.add();
      // @ts-expect-error the schema takes text
      void client.measure(3);
      // @ts-expect-error there is no such option
      void client.ping(undefined, { deadline: 3 });
      // @ts-expect-error metadata are text or bytes
      void client.ping(undefined, { metadata: { a: 1 } });
      // @ts-expect-error there is no such method
      void client.subtract({ a: 1, b: 2 });
      // @ts-expect-error messages are text
      client.chat([1]);
    };
    expect(misused).toBeTypeOf('function');
  });
});

describe('an implementation', () => {
  test('takes what the schema makes, and gives what the client’s schema takes', () => {
    expectTypeOf<Server['add']>().parameters.toEqualTypeOf<
      [input: { a: number; b: number }, context: ServiceContext]
    >();
    expectTypeOf<Server['add']>().returns.toEqualTypeOf<number | Promise<number>>();
    expectTypeOf<Server['measure']>().parameter(0).toEqualTypeOf<number>();
    expectTypeOf<Server['measure']>().returns.toEqualTypeOf<string | Promise<string>>();
    expectTypeOf<Server['sum']>().parameter(0).toEqualTypeOf<AsyncIterable<number>>();
    expectTypeOf<Server['upTo']>().returns.toEqualTypeOf<Inputs<string>>();
  });

  test('is refused where it is incomplete or ill-typed', () => {
    const small = defineService({ name: 'small', methods: { add: unary<number, number>(), list: serverStreaming() } });
    const misused = () => [
      // @ts-expect-error list is missing
      implement(small, { add: (value) => value }),
      // @ts-expect-error add gives a number
      implement(small, { add: () => 'text', list: () => [] }),
      // @ts-expect-error list gives a stream
      implement(small, { add: (value) => value, list: () => undefined }),
    ];
    expect(misused).toBeTypeOf('function');
  });

  test('is typed by its service where it stands', () => {
    implement(defineService({ name: 'small', methods: { add: unary<{ a: number }, number>() } }), {
      add: (input, context) => {
        expectTypeOf(input).toEqualTypeOf<{ a: number }>();
        expectTypeOf(context).toEqualTypeOf<ServiceContext>();
        return input.a;
      },
    });
  });
});

describe('a service’s type', () => {
  test('can be written down, and is then what is inferred', () => {
    type Written = { add: Unary<{ a: number }, number>; length: Unary<typeof length, string>; ping: Unary };
    const written: Service<Written> = defineService({
      name: 'written',
      methods: { add: unary(), length: unary({ input: length, output: type<string>() }), ping: unary() },
    });
    const inferred = defineService({
      name: 'inferred',
      methods: {
        add: unary<{ a: number }, number>(),
        length: unary({ input: length, output: type<string>() }),
        ping: unary(),
      },
    });
    expectTypeOf<ServiceClient<(typeof written)['methods']>>().toEqualTypeOf<
      ServiceClient<{ -readonly [Name in keyof (typeof inferred)['methods']]: (typeof inferred)['methods'][Name] }>
    >();
    expectTypeOf(connect(written, {} as never).catch(() => undefined)).not.toBeAny();
  });
});

describe('the compiler', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const imports = "import { defineService, implement, unary } from '#sdk';\n";

  /** What the compiler has to say. The sample stands where this repository's own rules do not look, but its doors lead. */
  function compile(body: string): string {
    mkdirSync(join(root, 'dist'), { recursive: true });
    const folder = mkdtempSync(join(root, 'dist', 'sample-'));
    const compilerOptions = { noEmit: true, rootDir: root };
    try {
      writeFileSync(join(folder, 'sample.ts'), imports + body);
      const config = { extends: join(root, 'tsconfig.json'), compilerOptions, files: ['sample.ts'], include: [] };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      return execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test('accepts a right implementation, and refuses a wrong one, naming the method', () => {
    const service = "const calc = defineService({ name: 'calc', methods: { add: unary<number, number>() } });\n";
    expect(compile(`${service}implement(calc, { add: (value) => value + 1 });\n`)).toBe('');
    const refused = compile(`${service}implement(calc, { add: (value) => value.length });\n`);
    expect(refused).toMatch(/error TS2339: Property 'length' does not exist on type 'number'/);
    expect(compile(`${service}implement(calc, {});\n`)).toMatch(/Property 'add' is missing/);
  });
});

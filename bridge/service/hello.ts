// The first call of a typed client: the server describes the service that it serves, and the client holds that against
// its own definition. Method 0. Plain msgpack without records, so that any language can ask what is served.
import { Packr } from 'msgpackr';
import * as v from 'valibot';
import { serviceNameShape } from '../dns/service-record.ts';
import { MalformedFrame, Unsupported } from '../errors.ts';
import { methodNameLengthMax, serviceMethodIdMax, serviceMethodsMax, serviceVersionLengthMax } from '../limits.ts';
import { RemoteError } from '../remote-error.ts';
import type { MethodKind } from './method.ts';
import type { MethodDescription, Service, ServiceDescription } from './service.ts';

export const helloMethodId = 0;
const helloVersion = 1;
const kinds = ['unary', 'server-streaming', 'client-streaming', 'bidirectional'] as const satisfies MethodKind[];

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });
const text = (max: number) => v.pipe(v.string(), v.maxLength(max));
const anyHello = v.object({ hello: v.pipe(v.number(), v.integer()) });
const question = v.strictObject({ hello: v.literal(helloVersion), service: serviceNameShape });
const methodShape: v.GenericSchema<unknown, MethodDescription> = v.strictObject({
  name: text(methodNameLengthMax),
  id: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(serviceMethodIdMax)),
  kind: v.picklist(kinds),
  idempotent: v.boolean(),
  version: text(serviceVersionLengthMax),
});
const answer: v.GenericSchema<unknown, ServiceDescription> = v.strictObject({
  hello: v.literal(helloVersion),
  service: serviceNameShape,
  version: text(serviceVersionLengthMax),
  codec: text(serviceVersionLengthMax),
  fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  methods: v.pipe(v.array(methodShape), v.maxLength(serviceMethodsMax)),
});

/** The server's service is not the one that the client was written for. */
export class ServiceMismatch extends Unsupported {
  /** What is missing there, or differs, and how. */
  readonly differences: readonly string[];

  constructor(service: string, differences: readonly string[], cause?: unknown) {
    const message = `the server does not serve ${service} as this client knows it: ${differences.join('; ')}`;
    super(message, cause === undefined ? {} : { cause });
    this.differences = differences;
  }
}

export function encodeQuestion(service: string): Uint8Array {
  return packr.pack({ hello: helloVersion, service });
}

/** The server's side. Throws RemoteError for a question that it cannot answer. */
export function answerQuestion(service: Service, payload: Uint8Array): Uint8Array {
  const asked = parse(question, payload);
  if (typeof asked === 'string') throw new RemoteError(`hello refused: ${asked}`, { kind: 'malformed-request' });
  if (asked.service !== service.name) {
    const message = `this serves ${service.name}, not ${asked.service}`;
    throw new RemoteError(message, { kind: 'unknown-method' });
  }
  return packr.pack({ hello: helloVersion, ...service.description });
}

/** Throws MalformedFrame for what is no description. */
export function decodeAnswer(payload: Uint8Array): ServiceDescription {
  const told = parse(answer, payload);
  if (typeof told === 'string') throw new MalformedFrame(`the server's hello is none: ${told}`);
  return told;
}

/** What keeps a client of `here` from calling a server of `there`, in words. More methods there are no obstacle. */
export function differencesOf(here: ServiceDescription, there: ServiceDescription): string[] {
  const found = [...differs('service', here, there, ['service', 'version', 'codec'])];
  const served = new Map(there.methods.map((method) => [method.name, method]));
  for (const method of here.methods) {
    const other = served.get(method.name);
    if (other === undefined) found.push(`method ${method.name} is missing there`);
    else found.push(...differs(`method ${method.name}`, method, other, ['kind', 'idempotent', 'version']));
  }
  return found;
}

function differs<T>(what: string, here: T, there: T, fields: readonly (keyof T & string)[]): string[] {
  return fields
    .filter((field) => here[field] !== there[field])
    .map((field) => `${what}: ${field} is ${JSON.stringify(here[field])} here, ${JSON.stringify(there[field])} there`);
}

/** What the bytes say, or why they cannot say it. Of another version's hello nothing but the version is looked at. */
function parse<T>(shape: v.GenericSchema<unknown, T>, payload: Uint8Array): T | string {
  let hello: unknown;
  try {
    hello = packr.unpack(payload);
  } catch {
    return 'it is not msgpack';
  }
  const greeting = v.safeParse(anyHello, hello);
  if (greeting.success && greeting.output.hello !== helloVersion) {
    return `its version is ${greeting.output.hello}, this speaks ${helloVersion}`;
  }
  const result = v.safeParse(shape, hello);
  if (result.success) return result.output;
  const [issue] = result.issues;
  return `${v.getDotPath(issue) ?? 'hello'}: ${issue.message}`;
}

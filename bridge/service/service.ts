// A typed service: its name, its methods with their numbers, and what of it client and server can hold against each other.
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { serviceNameShape } from '../dns/service-record.ts';
import {
  methodNameLengthMax,
  serviceDescriptionBytesMax,
  serviceMethodIdMax,
  serviceMethodsMax,
  serviceVersionLengthMax,
} from '../limits.ts';
import { codecName } from './codec.ts';
import type { AnyMethod, MethodKind, Methods } from './method.ts';

/** What of a method both sides can compare. What its schemas allow cannot be compared: `version` stands for it. */
export interface MethodDescription {
  readonly name: string;
  readonly id: number;
  readonly kind: MethodKind;
  readonly idempotent: boolean;
  readonly version: string;
}

export interface ServiceDescription {
  readonly service: string;
  readonly version: string;
  readonly codec: string;
  /** 16 hexadecimal digits: equal where everything here but the ids is. */
  readonly fingerprint: string;
  readonly methods: readonly MethodDescription[];
}

export interface ServiceOptions<M extends Methods> {
  /** As a service's name in FabricDns: 1 to 128 letters, digits, `.`, `_` or `-`. */
  readonly name: string;
  /** Sets services of one name apart that do not understand each other: up to 64 characters. */
  readonly version?: string;
  readonly methods: M;
}

export interface Service<M extends Methods = Methods> {
  readonly name: string;
  readonly methods: M;
  readonly description: ServiceDescription;
}

/**
 * Defines a service, for its server and its clients alike:
 *
 *     const calculator = defineService({
 *       name: 'calculator',
 *       methods: { add: unary<{ a: number; b: number }, number>({ idempotent: true }) },
 *     });
 *
 * Throws RangeError or TypeError for names, ids and versions that cannot be.
 */
export function defineService<const M extends Methods>({ name, version = '', methods }: ServiceOptions<M>): Service<M> {
  if (!v.is(serviceNameShape, name)) throw new RangeError(`not a service's name: ${JSON.stringify(name)}`);
  checkVersion(version);
  const described = describeMethods(methods);
  const fingerprint = fingerprintOf(name, version, described);
  const description = { service: name, version, codec: codecName, fingerprint, methods: described };
  const { length } = Buffer.from(JSON.stringify(description)); // No shorter than what travels.
  if (length > serviceDescriptionBytesMax) {
    throw new RangeError(
      `service ${name} takes ${length} bytes to describe, at most ${serviceDescriptionBytesMax} fit`,
    );
  }
  return { name, methods, description };
}

function describeMethods(methods: Methods): MethodDescription[] {
  const names = Object.keys(methods);
  if (names.length > serviceMethodsMax) {
    throw new RangeError(`${names.length} methods, a service has at most ${serviceMethodsMax}`);
  }
  const described = names.map((name, index) => describeMethod(name, index + 1, methods[name] as AnyMethod));
  const nameOf = new Map<number, string>();
  for (const { name, id } of described) {
    const other = nameOf.get(id);
    if (other !== undefined) throw new RangeError(`methods ${other} and ${name} both have id ${id}`);
    nameOf.set(id, name);
  }
  return described;
}

function describeMethod(name: string, place: number, method: AnyMethod): MethodDescription {
  checkMethodName(name);
  const { kind, idempotent, version, id = place } = method;
  if (!Number.isInteger(id) || id < 1 || id > serviceMethodIdMax) {
    throw new RangeError(`method ${name} has id ${id}, which must lie from 1 to ${serviceMethodIdMax}`);
  }
  checkVersion(version);
  return { name, id, kind, idempotent, version };
}

/** What every object has is no method; what has a `then` would be taken for a promise. */
function checkMethodName(name: string): void {
  const named = /^[A-Za-z]\w*$/.test(name) && name.length <= methodNameLengthMax;
  if (!named || name in Object.prototype || name === 'then') {
    throw new RangeError(`not a method's name: ${JSON.stringify(name)}`);
  }
}

function checkVersion(version: string): void {
  if (typeof version === 'string' && version.length <= serviceVersionLengthMax) return;
  throw new RangeError(`a version has at most ${serviceVersionLengthMax} characters, not ${JSON.stringify(version)}`);
}

/** Independent of the ids, which a client learns from the server, and so of the methods' order. */
function fingerprintOf(name: string, version: string, methods: readonly MethodDescription[]): string {
  const told = methods.map((each) => [each.name, each.kind, each.idempotent, each.version]);
  told.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify([name, version, codecName, told]));
  return hash.digest('hex').slice(0, 16);
}

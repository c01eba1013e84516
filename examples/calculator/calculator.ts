// What server and client agree on.
import { defineService, type Service, type Unary, unary } from 'leasewire';
import * as v from 'valibot';

export interface Operands {
  readonly a: number;
  readonly b: number;
}

/** What can be expected to happen is a value; what cannot is an error. */
export type Quotient = { readonly quotient: number } | { readonly impossible: 'division by zero' };

// Needed only because this compiles with isolatedDeclarations: otherwise the types come from the definition.
export type CalculatorMethods = {
  readonly add: Unary<Operands, number>;
  readonly divide: Unary<Operands, Quotient>;
};

export const calculator: Service<CalculatorMethods> = defineService({
  name: 'calculator',
  methods: {
    add: unary({ input: v.object({ a: v.number(), b: v.number() }), idempotent: true }), // Checked at the server.
    divide: unary(), // Typed alone.
  },
});

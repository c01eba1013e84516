// Serves the calculator.
import { FabricDns, implement, MemBuilder, type Middleware, RpcServer } from 'leasewire';
import { calculator } from './calculator.ts';

const log: Middleware = (call, next) => {
  console.log(`${call.method} for ${call.metadata['user'] ?? 'nobody'}`);
  return next(call);
};

await using lease = await new MemBuilder().minBytes(65536).leaseSecs(300).autoRenew().acquire();
await using dns = await FabricDns.open();
const server = new RpcServer(lease, { slots: 64 }); // Each client takes one, or as many as it connects with.
await dns.register(calculator.name, server);
console.log('serving');

const implementation = implement(
  calculator,
  {
    add: ({ a, b }) => a + b,
    divide: ({ a, b }) => (b === 0 ? { impossible: 'division by zero' } : { quotient: a / b }),
  },
  { middleware: [log] },
);
await server.serve(implementation);

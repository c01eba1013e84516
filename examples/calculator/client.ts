// Calls the calculator as if it were here.
import { connect, FabricDns, RpcClient, ValidationError } from 'leasewire';
import { calculator } from './calculator.ts';

await using dns = await FabricDns.open();
await using lease = await dns.connect(calculator.name);
const calc = await connect(calculator, new RpcClient(lease), { retry: { attempts: 5 } });

console.log(await calc.add({ a: 1, b: 2 }, { deadlineMs: 1000, metadata: { user: 'ada' } }));
console.log(await calc.divide({ a: 1, b: 0 }));

try {
  await calc.add({ a: 1, b: '2' as unknown as number });
} catch (error) {
  if (!(error instanceof ValidationError)) throw error;
  console.log(error.message);
}

// What the demo's two processes agree on.
import { join } from 'node:path';

export const serviceName = 'demo-echo';
export const echoMethod = 1;
/** A method that the server never answers: the call during which it is killed. */
export const neverMethod = 2;

export function socketPath(): string {
  return join(process.env['LEASEWIRE_RUNTIME_DIR'] ?? '.', 'echo.sock');
}

// node relay.js <from> <to>: carries streams from one address to another, each `host:port` or the path of a Unix socket:
// so a Unix socket of one node is reached from the other. Says `listening`.
import { connect, createServer, type ListenOptions } from 'node:net';
import { argument, hear, say } from './voice.ts';

interface Address extends ListenOptions {
  readonly port: number;
}

function addressOf(text: string): Address | { readonly path: string } {
  const [host = '', port] = text.split(':');
  return port === undefined ? { path: text } : { host, port: Number(port) };
}

const to = addressOf(argument(1));
const server = createServer((near) => {
  const far = connect(to);
  near.on('error', () => far.destroy()).pipe(far);
  far.on('error', () => near.destroy()).pipe(near);
});
server.listen(addressOf(argument(0)), () => say('listening'));
await hear();

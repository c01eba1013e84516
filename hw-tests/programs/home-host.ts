// node home-host.js <host:port>: starts a home of the conformance suite for each TCP connection, whose streams are the
// home's stdin and stdout. The connection's end kills the home; the home's end ends the connection, once it is dead. Says
// `listening`.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { argument, hear, say } from './voice.ts';

const program = fileURLToPath(new URL('../../sdk/conformance/home-program.js', import.meta.url));
const homes = new Set<ChildProcess>();
process.once('exit', () => {
  for (const home of homes) home.kill('SIGKILL');
});

function host(peer: Socket): void {
  const home = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const kill = () => home.kill('SIGKILL');
  homes.add(home);
  peer.setNoDelay().on('end', kill).on('error', kill).pipe(home.stdin, { end: false });
  home.stdin.on('error', () => undefined); // its end says all there is to say
  home.stdout.pipe(peer, { end: false });
  home.once('close', () => {
    homes.delete(home);
    peer.end();
  });
}

const [address = '', port = ''] = argument(0).split(':');
createServer({ allowHalfOpen: true }, host).listen(Number(port), address, () => say('listening'));
await hear();

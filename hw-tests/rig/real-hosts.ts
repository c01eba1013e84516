// Connects to real hosts over SSH: the agent is compiled there, and its frames go through ssh's stdin and stdout.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AgentChannel } from './agent-channel.ts';
import { agentName, agentSource, COMPILER_FLAGS } from './agent-program.ts';
import { BootFailed, NodeFailed, RigUnavailable } from './errors.ts';
import { RunningNodes } from './running-nodes.ts';
import { quoted } from './shell-quote.ts';
import { SshNode } from './ssh-node.ts';
import { project } from './virtual-nodes.ts';

export interface HostPlace {
  /** For ssh: `user@host`. */
  readonly target: string;
  readonly port: number | undefined;
  /** On the RDMA link. */
  readonly address: string;
}

const names = ['a', 'b'] as const;
const CONNECT_SECONDS_MAX = 15;

export function hostsOfEnvironment(): string {
  return process.env['LEASEWIRE_RIG_HOSTS'] ?? '';
}

/** `user@host:port/address`, comma-separated; without user and port, what ssh's configuration says. */
export function parseHosts(hosts: string): HostPlace[] {
  return hosts.split(',').map((host) => {
    const [, target, port, address] = /^([^\s/:-][^\s/:]*)(?::(\d+))?\/(\d+\.\d+\.\d+\.\d+)$/.exec(host.trim()) ?? [];
    if (target !== undefined && address !== undefined) {
      return { target, port: port === undefined ? undefined : Number(port), address };
    }
    throw new RangeError(`'${host}' is no host of the rig: user@host:port/address, with its IPv4 on the RDMA link`);
  });
}

export async function connectHosts(hosts: string, count: number): Promise<RunningNodes> {
  const places = parseHosts(hosts);
  if (places.length < count) throw new RigUnavailable(`${count} nodes were asked for, and only '${hosts}' is given`);
  const connecting = names.slice(0, count).map((name, index) => connectHost(name, places[index] as HostPlace));
  return RunningNodes.start(connecting, () => undefined);
}

async function connectHost(name: string, place: HostPlace): Promise<SshNode> {
  const folder = process.env['LEASEWIRE_RIG_PROJECT'] ?? project;
  await runScript(place, compileScript(), readFileSync(agentSource()));
  const ssh = startSsh(place, agentScript());
  const complaint = text(ssh.stderr);
  const channel = new AgentChannel(name, Duplex.from({ readable: ssh.stdout, writable: ssh.stdin }));
  try {
    await channel.ready;
    return await SshNode.open({ name, address: place.address, project: folder }, channel);
  } catch (cause) {
    channel.close('it could not be used');
    ssh.kill();
    if (cause instanceof NodeFailed) throw cause;
    throw new BootFailed(`${place.target}: ${(await complaint).trim()}`, { cause });
  }
}

/** Reads the source from stdin. Nothing is seen of it under its name before it is complete. */
function compileScript(): string {
  const compile = `g++ ${COMPILER_FLAGS.join(' ')} -o "$new/agent" "$new/agent.cc"`;
  return `set -e; ${folderOfAgent()}; new=$(mktemp -d "$folder.XXXXXX"); cat > "$new/agent.cc"
    if [ -x "$folder/agent" ]; then rm -r "$new"; exit; fi
    ${compile}; mv -T "$new" "$folder" || { rm -r "$new"; [ -x "$folder/agent" ]; }`;
}

/** The agent ends with the connection: its stdin closes. */
function agentScript(): string {
  return `${folderOfAgent()}; export XDG_RUNTIME_DIR=$(mktemp -d); trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
    ulimit -n "$(ulimit -H -n)"; ulimit -l unlimited 2> /dev/null || ulimit -l "$(ulimit -H -l)"
    "$folder/agent" -`;
}

function folderOfAgent(): string {
  const folder = `folder=\${XDG_CACHE_HOME:-$HOME/.cache}/leasewire/rig/${agentName()}`;
  return `${folder}; mkdir -p "\${folder%/*}"`;
}

async function runScript(place: HostPlace, script: string, input: Buffer): Promise<void> {
  const ssh = startSsh(place, script);
  ssh.stdin.on('error', () => undefined); // its exit status says what happened
  ssh.stdin.end(input);
  const code = new Promise((resolve) => void ssh.once('close', resolve));
  const complaint = await text(ssh.stderr);
  if ((await code) !== 0) throw new BootFailed(`${place.target}: ${complaint.trim()}`);
}

function startSsh({ target, port }: HostPlace, script: string): ChildProcessByStdio<Writable, Readable, Readable> {
  const config = process.env['LEASEWIRE_RIG_SSH_CONFIG'];
  const options = ['BatchMode=yes', `ConnectTimeout=${CONNECT_SECONDS_MAX}`, 'ServerAliveInterval=5'];
  const args = [
    ...(config === undefined ? [] : ['-F', config]),
    ...(port === undefined ? [] : ['-p', `${port}`]),
    ...options.flatMap((option) => ['-o', option]),
    ...['-T', target, `exec sh -c ${quoted(script)}`],
  ];
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'ssh', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
}

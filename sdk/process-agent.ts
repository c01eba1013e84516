// The agent of this process, or of this worker thread: made when first needed, closed when the process ends.
import {
  Agent,
  DirectoryRegistry,
  defaultRuntimePath,
  type NetworkAddress,
  type NetworkSettings,
  networkSettings,
  RuntimeDirectory,
  systemEnvironment,
  TcpTransport,
  Unsupported,
} from '#bridge';
import { boundSilence, LocalPlane, UnixTransport } from '#bridge/local';
import { RdmaPlane } from '#bridge/rdma';
import type { Fabric } from './fabric.ts';

interface ProcessAgent {
  readonly agent: Agent;
  readonly settings: NetworkSettings;
  /** Since the first lease was acquired: listening on the network, where that was asked for. */
  listening: Promise<unknown> | undefined;
}

let own: ProcessAgent | undefined;
let rdma: RdmaPlane | undefined;

/**
 * Each throws Unsupported if `LEASEWIRE_PLANE` asks for a plane that is not there, TypeError for other settings that make
 * no sense, IoError for an unusable run-time directory.
 */
export const processFabric: Fabric = {
  agent: () => ownAgent().agent,
  homeAgent,
  registry: (directory) => new DirectoryRegistry(directoryAt(directory)),
  peers: () => ownAgent().settings.peers,
};

/** This process's agent, listening where `LEASEWIRE_LISTEN` says. Rejects with IoError or Unsupported if it cannot. */
async function homeAgent(): Promise<Agent> {
  const { agent, settings } = ownAgent();
  if (settings.listen !== undefined) await listening(ownAgent(), settings.listen);
  return agent;
}

function directoryAt(path: string | undefined): RuntimeDirectory {
  return path === undefined ? ownAgent().agent.directory : new RuntimeDirectory(path);
}

function ownAgent(): ProcessAgent {
  own ??= createAgent();
  return own;
}

function createAgent(): ProcessAgent {
  const wanted = checkPlane(process.env['LEASEWIRE_PLANE']);
  const settings = networkSettings();
  const environment = systemEnvironment;
  const { clock } = environment;
  const directory = new RuntimeDirectory(defaultRuntimePath());
  const agent = new Agent({
    environment,
    plane: new LocalPlane(),
    networkPlane: rdmaPlane,
    networkFirst: wanted === 'rdma',
    transport: new UnixTransport(clock),
    network: new TcpTransport({ clock, insecure: settings.insecure, boundSilence }),
    directory,
    registry: new DirectoryRegistry(directory),
  });
  process.once('exit', () => agent.close());
  return { agent, settings, listening: undefined };
}

/** Once, unless it failed: what is in the way may be gone the next time. */
function listening(own: ProcessAgent, address: NetworkAddress): Promise<unknown> {
  own.listening ??= own.agent.listenNetwork(address, own.settings.advertise).catch((error) => {
    own.listening = undefined;
    throw error;
  });
  return own.listening;
}

/** Opened with the first lease that another machine attaches to, or that is attached to there. */
function rdmaPlane(): RdmaPlane {
  rdma ??= new RdmaPlane(systemEnvironment);
  return rdma;
}

/** `rdma` takes leases over the network even on this machine, where an address is given; else the nearest plane is taken. */
function checkPlane(wanted: string | undefined): 'local' | 'rdma' | undefined {
  if (wanted === undefined || wanted === '') return undefined;
  if (wanted === 'local' || wanted === 'rdma') return wanted;
  throw new Unsupported(`LEASEWIRE_PLANE is ${JSON.stringify(wanted)}, and this version has "local" and "rdma"`);
}

// The agent of this process, or of this worker thread: made when first needed, closed when the process ends.
import { Agent, defaultRuntimePath, RuntimeDirectory, systemEnvironment, TcpTransport, Unsupported } from '#bridge';
import { LocalPlane, UnixTransport } from '#bridge/local';

let agent: Agent | undefined;

/** Throws Unsupported if `LEASEWIRE_PLANE` asks for a plane that is not there, IoError for an unusable run-time directory. */
export function processAgent(): Agent {
  if (agent !== undefined) return agent;
  checkPlane(process.env['LEASEWIRE_PLANE']);
  const environment = systemEnvironment;
  const transport = new UnixTransport(environment.clock);
  const directory = new RuntimeDirectory(defaultRuntimePath());
  const network = new TcpTransport({ clock: environment.clock, insecure: false });
  const created = new Agent({ environment, plane: new LocalPlane(), transport, network, directory });
  process.once('exit', () => created.close());
  agent = created;
  return created;
}

function checkPlane(wanted: string | undefined): void {
  if (wanted === undefined || wanted === '' || wanted === 'local') return;
  throw new Unsupported(`LEASEWIRE_PLANE is ${JSON.stringify(wanted)}, and this version has only "local"`);
}

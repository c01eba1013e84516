// Asks libibverbs for the RDMA devices through ffi-rs and, for what its public interface does not tell of GIDs, sysfs.
import { readdirSync, readFileSync } from 'node:fs';
import type { FieldType } from 'ffi-rs';
import type { Ffi } from './ffi.ts';
import type { RdmaDevice, RdmaGid, RdmaPort } from './rdma-devices.ts';

// <infiniband/verbs.h>: struct ibv_port_attr has 52 bytes, of which the library may fill some more in newer versions.
const PORT_ATTR_BYTES = 64;
const PORT_STATE_OFFSET = 0;
const ACTIVE_MTU_OFFSET = 8;
const LINK_LAYER_OFFSET = 46;
const POINTER_BYTES = 8;

const portStates = ['unknown', 'down', 'init', 'armed', 'active', 'active-defer'] as const;
const linkLayers = ['unspecified', 'infiniband', 'ethernet'] as const;
const gidTypes: Readonly<Record<string, RdmaGid['type']>> = {
  'IB/RoCE v1': 'roce-v1',
  'RoCE v1': 'roce-v1',
  'RoCE v2': 'roce-v2',
};
/** ::ffff:0:0/96 */
const ipv4Prefix = '00000000000000000000ffff';
const sysfs = '/sys/class/infiniband';
const library = 'leasewire-ibverbs';

/** None where libibverbs is not installed. `ffi` is handed in: where it may be loaded is for the caller to know. */
export function lookUpRdmaDevices(ffi: Ffi): RdmaDevice[] {
  const { DataType, load, isNullPointer, createExternalBuffer } = ffi;
  if (!openLibrary(ffi)) return [];
  const count = Buffer.alloc(4);
  const list = load({
    library,
    funcName: 'ibv_get_device_list',
    retType: DataType.External,
    paramsType: [DataType.U8Array],
    paramsValue: [count],
  });
  if (isNullPointer(list)) return []; // a kernel without RDMA
  try {
    const pointers = createExternalBuffer(list, count.readInt32LE() * POINTER_BYTES);
    const devices = Array.from({ length: count.readInt32LE() }, (_, index) =>
      pointers.readBigUInt64LE(index * POINTER_BYTES),
    );
    return devices.flatMap((device) => describeDevice(ffi, device));
  } finally {
    call(ffi, 'ibv_free_device_list', DataType.Void, [DataType.External], [list]);
  }
}

function openLibrary({ open }: Ffi): boolean {
  try {
    open({ library, path: 'libibverbs.so.1' });
    return true;
  } catch {
    return false; // not installed
  }
}

function call<T extends FieldType>(
  { load }: Ffi,
  funcName: string,
  retType: T,
  paramsType: FieldType[],
  paramsValue: unknown[],
) {
  return load({ library, funcName, retType, paramsType, paramsValue });
}

/** None if it went away meanwhile, or may not be opened. */
function describeDevice(ffi: Ffi, device: bigint): RdmaDevice[] {
  const { DataType } = ffi;
  const name = call(ffi, 'ibv_get_device_name', DataType.String, [DataType.BigInt], [device]) as string;
  const context = call(ffi, 'ibv_open_device', DataType.BigInt, [DataType.BigInt], [device]) as bigint;
  if (BigInt(context) === 0n) return [];
  try {
    const numbers = listed(`${sysfs}/${name}/ports`);
    return [{ name, ports: numbers.flatMap((port) => describePort(ffi, name, context, port)) }];
  } finally {
    call(ffi, 'ibv_close_device', DataType.I32, [DataType.BigInt], [context]);
  }
}

function describePort(ffi: Ffi, device: string, context: bigint, port: number): RdmaPort[] {
  const { DataType } = ffi;
  const attributes = Buffer.alloc(PORT_ATTR_BYTES);
  const types = [DataType.BigInt, DataType.U8, DataType.U8Array];
  const status = call(ffi, 'ibv_query_port', DataType.I32, types, [context, port, attributes]) as number;
  if (status !== 0) return [];
  const mtu = attributes.readInt32LE(ACTIVE_MTU_OFFSET);
  const linkLayer = linkLayers[attributes.readUInt8(LINK_LAYER_OFFSET)] ?? 'unspecified';
  return [
    {
      port,
      state: portStates[attributes.readInt32LE(PORT_STATE_OFFSET)] ?? 'unknown',
      activeMtuBytes: mtu >= 1 && mtu <= 5 ? 128 << mtu : 0,
      linkLayer,
      gids: describeGids(`${sysfs}/${device}/ports/${port}`, linkLayer),
    },
  ];
}

function describeGids(folder: string, linkLayer: RdmaPort['linkLayer']): RdmaGid[] {
  return listed(`${folder}/gids`).flatMap((index) => {
    const hex = read(`${folder}/gids/${index}`)?.replaceAll(':', '') ?? '';
    if (!/^[0-9a-f]{32}$/.test(hex) || /^0+$/.test(hex)) return [];
    const ethernetType = gidTypes[read(`${folder}/gid_attrs/types/${index}`) ?? ''];
    const type = linkLayer === 'infiniband' ? 'ib' : ethernetType;
    const gid = Uint8Array.from(Buffer.from(hex, 'hex'));
    const netdev = read(`${folder}/gid_attrs/ndevs/${index}`);
    if (type === undefined) return [];
    return [{ index, gid, type, ...ipv4Of(hex, gid), ...(netdev === undefined ? {} : { netdev }) }];
  });
}

function ipv4Of(hex: string, gid: Uint8Array): { ipv4?: string } {
  return hex.startsWith(ipv4Prefix) ? { ipv4: gid.subarray(12).join('.') } : {};
}

/** Entries of a folder of sysfs that are numbers, ascending. */
function listed(folder: string): number[] {
  const names = readdirSync(folder).filter((name) => /^\d+$/.test(name));
  return names.map(Number).sort((a, b) => a - b);
}

/** Undefined for an attribute that is not set: sysfs then refuses to read it. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return undefined;
  }
}

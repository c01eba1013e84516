// A program: writes what listRdmaDevices() returns, serialised by v8, for the worker thread of another process.
import { serialize } from 'node:v8';
import { listRdmaDevices } from './rdma-devices.ts';

process.stdout.write(serialize(listRdmaDevices()));

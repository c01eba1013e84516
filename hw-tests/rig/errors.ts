// What can go wrong with the rig, one class each. What a command run on a node does is no error: see RunResult.
import { getSystemErrorName } from 'node:util';

export abstract class RigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** This machine can not run the rig as it is; the message says what is missing. */
export class RigUnavailable extends RigError {}

/** A program of this machine that sets the rig up ended badly; the message has its last words. */
export class ToolFailed extends RigError {}

/** A node did not come up. */
export class BootFailed extends RigError {}

/** The node's power was cut, its kernel died, or the connection to it was lost. */
export class NodeGone extends RigError {}

/** A command that could not be started: no such file, not executable, no such directory. */
export class CommandNotStarted extends RigError {
  /** Such as `ENOENT`. */
  readonly code: string;

  constructor(command: string, errorNumber: number) {
    const code = getSystemErrorName(-errorNumber);
    super(`${command}: ${code}`);
    this.code = code;
  }
}

/** A command that was killed because it took longer than it was allowed. */
export class CommandTimedOut extends RigError {}

/** A node could not do what the rig asked of it, such as setting its link. */
export class NodeFailed extends RigError {}

/** Asked of a real host, where only a virtual machine can do it. */
export class NotOnARealHost extends RigError {}

/** QEMU refused an order. */
export class MonitorError extends RigError {}

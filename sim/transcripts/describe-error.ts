// A failure as a transcript tells of it: what a program can act on, and nothing that differs from run to run.
import { FabricError, RemoteError } from '#sdk/api';

export function describeError(error: unknown): string {
  if (error instanceof FabricError) {
    return `${error.code}, ${error.mayHaveExecuted ? 'may have executed' : 'has not executed'}`;
  }
  if (error instanceof RemoteError) return `RemoteError ${error.kind} ${error.code}`;
  return error instanceof Error ? error.name : String(error);
}

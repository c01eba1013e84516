// Attaches to a lease whose slot is about to be free: a home learns of a holder's death a moment after whoever caused it.
import { Contention, MemBuilder, type MemLease } from '#sdk';

export async function attachWhenFree(reference: string): Promise<MemLease> {
  for (;;) {
    try {
      return await MemBuilder.attach(reference);
    } catch (error) {
      if (!(error instanceof Contention)) throw error;
      await new Promise(setImmediate);
    }
  }
}

// Impairments of a link in the words of `tc netem`.
import type { Impairment } from './rig-node.ts';

export function netemArgs(impairment: Impairment): string[] {
  const { lossPercent, delayMs, jitterMs, duplicatePercent, reorderPercent } = checked(impairment);
  return [
    ...(delayMs + jitterMs > 0 ? ['delay', `${delayMs}ms`, `${jitterMs}ms`] : []),
    ...(lossPercent > 0 ? ['loss', `${lossPercent}%`] : []),
    ...(duplicatePercent > 0 ? ['duplicate', `${duplicatePercent}%`] : []),
    ...(reorderPercent > 0 ? ['reorder', `${reorderPercent}%`] : []),
  ];
}

function checked(impairment: Impairment): Required<Impairment> {
  const { lossPercent = 0, delayMs = 0, jitterMs = 0, duplicatePercent = 0, reorderPercent = 0 } = impairment;
  const percentages = { lossPercent, duplicatePercent, reorderPercent };
  for (const [name, value] of Object.entries(percentages)) inRange(name, value, 100);
  for (const [name, value] of Object.entries({ delayMs, jitterMs })) inRange(name, value, 3_600_000);
  if (reorderPercent > 0 && delayMs === 0) throw new RangeError('reorderPercent needs a delayMs to overtake');
  return { ...percentages, delayMs, jitterMs };
}

function inRange(name: string, value: number, max: number): void {
  if (!(value >= 0 && value <= max)) throw new RangeError(`${name} is ${value}, not from 0 to ${max}`);
}

// What a client process does with the commands on its stdin: one JSON line on stdout for each, until stdin ends.
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { printReply } from './child.ts';
import { type Command, parseCommand } from './command.ts';
import { clockReadNs, type Meter } from './meter.ts';

export function obeyCommands(meter: Meter): Promise<void> {
  return obeyLines((line) => obey(meter, parseCommand(line)));
}

export async function obeyLines(answer: (line: string) => Promise<object>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) printReply(await answer(line));
}

async function obey(meter: Meter, command: Command): Promise<object> {
  switch (command.verb) {
    case 'clock':
      return { clockReadNs: clockReadNs() };
    case 'warm':
      return { nsPerCall: await meter.warm(command.bytes, command.durationMs) };
    case 'round':
      return meter.round(command.order);
    case 'idle':
      await setTimeout(command.waitMs);
      return { idleNs: await meter.idle(command.bytes) };
  }
}

// Says on a node what machine it is: one JSON line.
import { printReply } from '../bench/child.ts';
import { describeMachine } from '../bench/machine.ts';

printReply(describeMachine(new Date()));

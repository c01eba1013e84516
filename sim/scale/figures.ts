// What is measured of one size.

/** Of the simulation's time and counts: the same for one seed, wherever it runs. */
export interface Figures {
  readonly nodes: number;
  readonly leases: number;
  /** Nodes that watched; what is said of finding services holds as if all did. */
  readonly watchers: number;
  /** Control messages a second, at one node: those about leases, and those that find services. */
  readonly leaseMessages: number;
  readonly findingMessages: number;
  /** Control messages a second, at all nodes together. */
  readonly messages: number;
  /** Questions a second that one node's registry answers, and the busiest one's without those that did not watch. */
  readonly questions: number;
  readonly questionsMax: number;
  /** Notices a second that homes send to one node. */
  readonly notices: number;
  /** Connections of one node, at rest and at most. */
  readonly connections: number;
  readonly connectionsMax: number;
  /** Ends of far sessions, which are queue pairs over RDMA, at a node: the mean, and the most. */
  readonly queuePairs: number;
  readonly queuePairsMax: number;
  /** Memory at a node that others can reach by their cards; the mean. */
  readonly registeredBytes: number;
  /** Until all watchers knew who is left, and until all had their leases again, ms; undefined: not within the time given. */
  readonly viewsMs: number | undefined;
  readonly leasesMs: number | undefined;
  /** Nodes that were lost. */
  readonly lost: number;
  /** Leases whose home outlived their holder, and which were still there when their time was over; none should. */
  readonly leftOver: number;
}

/** Of the machine that simulated it. */
export interface Costs {
  /** Processor time of the whole run. */
  readonly seconds: number;
  /** Processor time of a message: both ends, and the simulation around them. */
  readonly messageUs: number;
  /** JavaScript's and other memory of a node, with all its leases, bytes; undefined where nobody may collect garbage. */
  readonly nodeBytes: number | undefined;
}

export interface Row {
  readonly figures: Figures;
  readonly costs: Costs;
  /** Messages of the measured time, by kind. */
  readonly byKind: Record<string, number>;
}

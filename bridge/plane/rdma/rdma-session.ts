// One session with one peer, the same at both ends: a protection domain of its own, a queue pair, and the requests that
// are under way. No region of another session can be named through it.
import { MemoryRegion, ProtectionDomain, type QueuePair, RemoteRegion, type SystemError } from '#native';
import { Disconnected } from '../../errors.ts';
import { rdmaFramesWaitingMax, rdmaReadsMax } from '../../limits.ts';
import { mapOwn } from './own-mapping.ts';
import type { Completions, RdmaEngine } from './rdma-engine.ts';
import { type Endpoint, nonceBytes, type RegionName } from './rdma-messages.ts';
import { connectQueuePair, openQueuePair } from './rdma-queue-pair.ts';
import { type Operation, RdmaRequests } from './rdma-requests.ts';

/** One frame in so many is told when it is done, and so that there is room: some are always under way in a full queue. */
const framesPerToken = 32;
/** No request's. */
const frameToken = 2 ** 31;

export class RdmaSession implements Completions {
  readonly engine: RdmaEngine;
  readonly domain: ProtectionDomain;
  readonly #pair: QueuePair;
  readonly #onFrame: (frame: number) => void;
  readonly #onBroken: (error: Disconnected) => void;
  readonly #requests = new RdmaRequests();
  /** Own nonce first, then the peer's. */
  readonly #test = mapOwn(2 * nonceBytes);
  readonly #testRegion: MemoryRegion;
  readonly #packetSequence: number;
  #peerTest: RemoteRegion | undefined;
  #broken: Disconnected | undefined;
  #closed = false;
  #frames = 0;
  #probe: Operation | undefined;
  roundTripMs = 0;

  /** `random` draws 3 bytes. Throws CapacityExceeded if there is no room for another queue pair. */
  constructor(
    engine: RdmaEngine,
    random: Uint8Array,
    onFrame: (frame: number) => void,
    onBroken: (error: Disconnected) => void,
  ) {
    this.engine = engine;
    this.#onFrame = onFrame;
    this.#onBroken = onBroken;
    this.domain = new ProtectionDomain(engine.context);
    this.#pair = this.#openPair();
    this.#testRegion = new MemoryRegion(this.domain, this.#test.buffer, 0, 2 * nonceBytes, {
      remoteRead: false,
      remoteWrite: true,
      remoteAtomic: false,
    });
    const [a = 0, b = 0, c = 0] = random;
    this.#packetSequence = (a << 16) | (b << 8) | c;
    engine.add(this.#pair.number, this);
  }

  /** Why the session is of no use any more. */
  get broken(): Disconnected | undefined {
    return this.#broken;
  }

  /** What the peer has to know of this end. */
  get endpoint(): Endpoint {
    const { gid, lid, activeMtuBytes, readsMax } = this.engine.context.attributes;
    return {
      number: this.#pair.number,
      packetSequence: this.#packetSequence,
      gid,
      lid,
      mtuBytes: activeMtuBytes as Endpoint['mtuBytes'],
      readsMax: Math.min(readsMax, rdmaReadsMax),
    };
  }

  get testRegion(): RegionName {
    const { address, rkey } = this.#testRegion;
    return { address: address + BigInt(nonceBytes), rkey };
  }

  connect(peer: Endpoint, test: RegionName): void {
    connectQueuePair(this.#pair, this.engine, peer, this.#packetSequence);
    this.#peerTest = new RemoteRegion(test.address, test.rkey, nonceBytes);
  }

  /** Writes `nonce` to the peer. Done once it is in the peer's memory. */
  writeTest(nonce: Uint8Array): Operation {
    new Uint8Array(this.#test.buffer).set(nonce);
    return this.#begin((token) => this.#pair.write(this.#testRegion, 0, nonceBytes, this.#testPeer, 0, token));
  }

  /** What the peer has written. */
  get testReceived(): Uint8Array {
    return new Uint8Array(this.#test.buffer, nonceBytes, nonceBytes).slice();
  }

  /** Measures the way there and back, three times, by what carries no bytes. */
  async measure(): Promise<void> {
    let bestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round++) {
      const fromMs = this.engine.clock.nowMs();
      await this.settle(this.#beginProbe());
      bestMs = Math.min(bestMs, this.engine.clock.nowMs() - fromMs);
    }
    this.roundTripMs = bestMs;
    this.engine.measure();
  }

  /**
   * Writes bytes to the peer, then the frame: it is seen after the bytes. Where the send queue is full, it is posted as
   * soon as there is room, with the bytes as they are then; a peer that makes none is given up.
   */
  publish(
    local: MemoryRegion,
    offset: number,
    bytes: number,
    remote: RemoteRegion,
    remoteOffset: number,
    frame: number,
  ): void {
    this.#send((token) => this.#pair.writeWithImmediate(local, offset, bytes, remote, remoteOffset, frame, token));
  }

  /** As publish(), without a frame: what comes after is seen after these bytes. */
  send(local: MemoryRegion, offset: number, bytes: number, remote: RemoteRegion, remoteOffset: number): void {
    this.#send((token) => this.#pair.write(local, offset, bytes, remote, remoteOffset, token));
  }

  /**
   * As publish(), of two u32 words that lie nowhere: they go from where the own nonce was, inline, so that posting takes a
   * copy.
   */
  publishWords(words: readonly [number, number], remote: RemoteRegion, remoteOffset: number, frame: number): void {
    this.#send((token) => {
      new Uint32Array(this.#test.buffer, 0, 2).set(words);
      return this.#pair.writeWithImmediate(this.#testRegion, 0, 8, remote, remoteOffset, frame, token);
    });
  }

  #send(postWith: (token: number) => boolean): void {
    if (this.#broken !== undefined) return;
    this.#frames += 1;
    const token = this.#frames % framesPerToken === 0 ? frameToken : 0;
    try {
      const post = () => postWith(token);
      if (this.#requests.waiting > 0 || !post()) this.#defer(() => this.#posting(post));
    } catch (cause) {
      this.#refused(cause as SystemError);
    }
  }

  /** Whoever sleeps now sleeps for room, too. */
  #defer(post: () => boolean): void {
    if (this.#requests.waiting >= rdmaFramesWaitingMax) {
      return this.break(new Disconnected(`the peer takes nothing: ${rdmaFramesWaitingMax} frames wait for it`));
    }
    this.#requests.defer(post);
    this.engine.arm(this.#requests);
    this.engine.observe(1);
  }

  write(local: MemoryRegion, offset: number, bytes: number, remote: RemoteRegion, remoteOffset: number): Operation {
    return this.#begin((token) => this.#pair.write(local, offset, bytes, remote, remoteOffset, token));
  }

  read(local: MemoryRegion, offset: number, bytes: number, remote: RemoteRegion, remoteOffset: number): Operation {
    return this.#begin((token) => this.#pair.read(local, offset, bytes, remote, remoteOffset, token));
  }

  /** What was there before lands at `offset`. */
  compareExchange(
    local: MemoryRegion,
    offset: number,
    remote: RemoteRegion,
    remoteOffset: number,
    [expected, desired]: readonly [bigint, bigint],
  ): Operation {
    return this.#begin((token) =>
      this.#pair.compareExchange(local, offset, remote, remoteOffset, expected, desired, token),
    );
  }

  /** What was there before lands at `offset`. */
  fetchAdd(local: MemoryRegion, offset: number, remote: RemoteRegion, remoteOffset: number, delta: bigint): Operation {
    return this.#begin((token) => this.#pair.fetchAdd(local, offset, remote, remoteOffset, delta, token));
  }

  /** Looks whether the peer is still there, unless that is being looked for already: if it is not, the session breaks. */
  probe(): void {
    if (this.#probe?.done === false || this.#broken !== undefined) return;
    this.#probe = this.#beginProbe();
  }

  /** Waits for an operation: looking, if nothing else is under way and it pays; then asleep. */
  async settle(operation: Operation): Promise<void> {
    const { engine } = this;
    if (!operation.done && this.#requests.size === 1) engine.spin(() => operation.done, engine.spinMsMax);
    if (operation.done) return operation.promise;
    engine.arm(operation);
    engine.keepAlive(operation, true);
    engine.observe(1);
    try {
      await operation.promise;
    } finally {
      engine.disarm(operation);
      engine.keepAlive(operation, false);
    }
  }

  /**
   * The session is of no use any more; its owner is told, unless it has closed it. What is under way fails when the owner
   * closes the session: until then it may hear why.
   */
  break(error: Disconnected): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    this.#pair.fail();
    this.#onBroken(error);
  }

  /** Nothing arrives or leaves any more. The regions of others go after this, the domain with the last of them. */
  close(): void {
    this.#closed = true;
    this.#broken ??= new Disconnected('the RDMA session was closed here');
    this.#requests.failAll(this.#broken);
    this.engine.disarm(this.#requests);
    this.engine.remove(this.#pair.number);
    this.#pair.close();
    this.#testRegion.close();
    this.#test.close();
    this.domain.close();
  }

  #openPair(): QueuePair {
    try {
      return openQueuePair(this.engine, this.domain);
    } catch (cause) {
      this.domain.close();
      this.#test.close();
      throw cause;
    }
  }

  // ---- Completions.

  done(token: number): void {
    this.#requests.done(token);
    if (this.#requests.waiting === 0) this.engine.disarm(this.#requests);
  }

  arrived(frame: number): void {
    if (this.#broken === undefined) this.#onFrame(frame);
  }

  failed(_token: number, status: number): void {
    this.break(
      new Disconnected(`the RDMA session failed: work completion status ${status}`, { mayHaveExecuted: true }),
    );
  }

  lost(error: Disconnected): void {
    this.break(error);
  }

  // ---- Requests.

  get #testPeer(): RemoteRegion {
    if (this.#peerTest === undefined) throw new Disconnected('the RDMA session is not connected yet');
    return this.#peerTest;
  }

  #beginProbe(): Operation {
    return this.#begin((token) => this.#pair.write(this.#testRegion, 0, 0, this.#testPeer, 0, token));
  }

  /** Posts a request, now or once there is room. */
  #begin(post: (token: number) => boolean): Operation {
    if (this.#closed) throw this.#broken;
    return this.#requests.begin((token) => this.#posting(() => post(token)));
  }

  #posting(post: () => boolean): boolean {
    try {
      return post();
    } catch (cause) {
      this.#refused(cause as SystemError);
      return false;
    }
  }

  /** A queue pair that has failed, which completions have not told yet, refuses posts: the session is broken then. */
  #refused(cause: SystemError): void {
    if (cause.code !== 'ECONNRESET') throw cause;
    this.break(new Disconnected('the RDMA session failed', { cause, mayHaveExecuted: true }));
  }
}

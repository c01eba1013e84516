// The time in which a holder cannot reach its lease's home, and whoever waits for its end.

export class Interruption {
  readonly over: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor() {
    this.over = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  end(): void {
    this.#resolve();
  }
}

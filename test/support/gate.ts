/** Holds a call, such as that of a handler, until the test opens the gate. */
export class Gate {
  #arrive: () => void = () => {};
  #open: (error?: Error) => void = () => {};
  /** Resolves when a call has reached the gate. */
  readonly arrived = new Promise<void>((resolve) => {
    this.#arrive = resolve;
  });
  readonly #opened = new Promise<void>((resolve, reject) => {
    this.#open = (error) => (error ? reject(error) : resolve());
  });

  constructor() {
    // Opening the gate with an error before a call arrives must not cause an unhandled rejection.
    this.#opened.catch(() => undefined);
  }

  open(error?: Error): void {
    this.#open(error);
  }

  async pass(): Promise<void> {
    this.#arrive();
    await this.#opened;
  }
}

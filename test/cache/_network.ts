import type { EndedEvent, SessionRecord, Store, StoreListener } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import type { CacheClock } from "../../src/cache/clock.ts";
import type { Random } from "./_random.ts";

/** An operation on its way: the store executes it at one moment, and the caller learns the outcome at another. */
interface Message {
  readonly run: () => Promise<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly isSafe: boolean;
  executed: boolean;
  answered: boolean;
  outcome?: unknown;
}

/** A store that several instances reach over a network which delays, reorders and loses operations and their answers. */
export class Network {
  readonly memory: Store = memoryStore({ cleanupEvery: false });
  readonly nodes: Node[] = [];
  /** Called at the moment at which the store executes an end or a change. */
  onEnded: (event: EndedEvent) => void = () => undefined;
  onChanged: (id: string, revision: number) => void = () => undefined;
  readonly #random: Random;
  readonly #messages: Message[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  async open(): Promise<void> {
    await this.memory.subscribe?.({
      ended: (event) => {
        this.onEnded(event);
        this.#post(event.ids[0] ?? "", (listener) => listener.ended(event));
      },
      changed: (event) => {
        this.onChanged(event.id, event.revision);
        this.#post(event.id, (listener) => listener.changed(event));
      },
      status: () => undefined,
    });
  }

  /** Only the events of one user arrive in order. The beginning of an id stands for its user. */
  #post(id: string, event: (listener: StoreListener) => void): void {
    for (const node of this.nodes) node.post(id.slice(0, 2), event);
  }

  get isIdle(): boolean {
    return this.#messages.length === 0;
  }

  /** Sends an operation. A safe one has no timeout. */
  send<Answer>(run: () => Promise<Answer> | Answer, isSafe = false): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#messages.push({
        run: async () => run(),
        resolve: resolve as (answer: unknown) => void,
        reject,
        isSafe,
        executed: false,
        answered: false,
      });
    });
  }

  /** Executes an operation. */
  async execute(): Promise<void> {
    const message = this.#random.pick(this.#messages.filter(({ executed }) => !executed));
    if (!message) return;
    message.executed = true;
    message.outcome = await message.run().then(
      (value) => () => message.resolve(value),
      (error) => () => message.reject(error),
    );
    this.#clean();
  }

  /** Delivers the outcome of an executed operation. */
  answer(): void {
    const message = this.#random.pick(
      this.#messages.filter(({ executed, answered }) => executed && !answered),
    );
    if (!message) return;
    message.answered = true;
    (message.outcome as () => void)();
    this.#clean();
  }

  /** Lets the caller of an operation run into a timeout. The store may have executed it, or may still do so. */
  fail(): void {
    const message = this.#random.pick(this.#messages.filter(({ answered, isSafe }) => !answered && !isSafe));
    if (!message) return;
    message.answered = true;
    message.reject(new Error("timeout"));
    if (this.#random.chance(0.3)) message.executed = true;
    this.#clean();
  }

  #clean(): void {
    const left = this.#messages.filter(({ executed, answered }) => !executed || !answered);
    this.#messages.splice(0, this.#messages.length, ...left);
  }
}

/** One instance's connection for events, and its clocks. */
export class Node implements CacheClock {
  readonly #network: Network;
  readonly #random: Random;
  readonly #now: () => number;
  readonly #queues = new Map<string, Array<(listener: StoreListener) => void>>();
  #listener: StoreListener | undefined;
  /** Whether the connection is up, as far as the store knows. */
  isUp = false;
  /** Whether the connection loses every event without any sign of it. */
  isDeaf = false;
  /** The time for which the instance was suspended. */
  suspended = 0;
  /** How far the wall clock is turned. */
  turned = 0;
  #timers: Array<{ readonly at: number; readonly callback: () => void }> = [];
  /** Called with each update that leaves the instance. */
  onUpdate: (...args: Parameters<Store["update"]>) => void = () => undefined;
  /** Called when an event has arrived. */
  onEnded: StoreListener["ended"] = () => undefined;
  onChanged: StoreListener["changed"] = () => undefined;
  sentReads = 0;

  constructor(network: Network, random: Random, now: () => number) {
    this.#network = network;
    this.#random = random;
    this.#now = now;
    network.nodes.push(this);
  }

  elapsed(): number {
    return this.#now() - this.suspended;
  }

  wall(): number {
    return this.#now() + this.turned;
  }

  schedule(callback: () => void, delay: number): void {
    this.#timers.push({ at: this.elapsed() + delay, callback });
  }

  /** Runs the timers that are due. */
  tick(): void {
    const due = this.#timers.filter(({ at }) => at <= this.elapsed());
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { callback } of due) callback();
  }

  /** The store as this instance sees it. */
  readonly store: Store & Required<Pick<Store, "subscribe">> = {
    create: (...args) => this.#network.send(() => this.#network.memory.create(...args)),
    fetchById: (id) => {
      this.sentReads++;
      return this.#network.send<SessionRecord | undefined>(() => this.#network.memory.fetchById(id));
    },
    fetchByIds: (...args) => this.#network.send(() => this.#network.memory.fetchByIds(...args)),
    fetchByUserKey: (...args) => this.#network.send(() => this.#network.memory.fetchByUserKey(...args)),
    update: (...args) => {
      this.onUpdate(...args);
      return this.#network.send(() => this.#network.memory.update(...args));
    },
    deleteById: (...args) => this.#network.send(() => this.#network.memory.deleteById(...args)),
    deleteByUserKey: (...args) => this.#network.send(() => this.#network.memory.deleteByUserKey(...args)),
    subscribe: (listener) => this.#network.send(() => this.#join(listener), true),
  };

  #join(listener: StoreListener): () => Promise<void> {
    if (this.#random.chance(0.2)) throw new Error("connection refused");
    this.#listener = {
      ended: (event) => {
        listener.ended(event);
        this.onEnded(event);
      },
      changed: (event) => {
        listener.changed(event);
        this.onChanged(event);
      },
      status: (isUp) => listener.status(isUp),
    };
    this.setUp(true);
    return async () => {
      this.#listener = undefined;
    };
  }

  /** Whether events arrive. */
  get isWell(): boolean {
    return this.isUp && !this.isDeaf;
  }

  setUp(isUp: boolean): void {
    if (!this.#listener) return;
    this.#queues.clear();
    this.isDeaf = false;
    this.isUp = isUp;
    this.#listener.status(isUp);
  }

  post(queue: string, event: (listener: StoreListener) => void): void {
    if (!this.isUp || this.isDeaf) return;
    const waiting = this.#queues.get(queue) ?? [];
    waiting.push(event);
    this.#queues.set(queue, waiting);
  }

  /** Delivers the next event of some user, or loses it. */
  deliver(isLost = false): boolean {
    const [queue, waiting] = this.#random.pick([...this.#queues]) ?? [];
    const event = waiting?.shift();
    if (queue === undefined || !event) return false;
    if (waiting?.length === 0) this.#queues.delete(queue);
    if (!isLost && this.#listener) event(this.#listener);
    return true;
  }
}

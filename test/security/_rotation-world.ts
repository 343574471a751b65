import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { TestRequest, testSessions } from "../support/browser.ts";

/** Numbers that look random and come again with the same seed: what fails can be looked at. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SECOND = 1_000;
const NAME = "__Host-sessionup";

/** What a request wants. */
export type Kind = "auth" | "public" | "prefetch" | "rotate" | "reauthenticate" | "updateMeta";

/** A request that was handled: its response is on its way. */
export interface Handled {
  readonly request: TestRequest;
  /** Why it was let in as nobody. */
  readonly refused: string | undefined;
}

/** Something that happens at a moment of the world's clock. */
interface Event {
  readonly at: number;
  readonly run: () => Promise<void> | void;
}

/** A world with a clock of its own: requests are handled when they come, and answered when their handler is done. */
export class World {
  readonly clock: TestClock = new TestClock();
  readonly begun: number = this.clock.now();
  readonly random: () => number;
  readonly sessions: ReturnType<typeof testSessions<undefined, undefined>>;
  readonly manager: Manager;
  /** Requests that were handled. */
  requests = 0;
  #events: Event[] = [];
  #count = 0;

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.manager = new Manager(memoryStore(), {
      clock: this.clock.now,
      rotateEvery: "1m",
      expiresIn: "400d",
    });
    this.sessions = testSessions(this.manager);
  }

  /** A user who has just logged in, on a browser of their own. */
  async login(): Promise<Visitor> {
    const request = new TestRequest();
    await this.sessions.init(request, `user-${this.#count++}`);
    const visitor = new Visitor(this, "");
    visitor.receive({ request, refused: undefined });
    return visitor;
  }

  /** In so many seconds. */
  after(seconds: number, run: Event["run"]): void {
    const event = { at: this.clock.now() + Math.round(seconds * SECOND), run };
    // A heap would be faster, and more to read; few events are waiting at a time.
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1]?.at ?? 0) < event.at) index--;
    this.#events.splice(index, 0, event);
  }

  /** Lets time pass until nothing is left to happen, or `until` says so. */
  async run(until: () => boolean = () => false): Promise<void> {
    for (let next = this.#events.pop(); next && !until(); next = this.#events.pop()) {
      this.clock.set(next.at);
      await next.run();
    }
  }

  /** Some seconds around a mean, now and then a lot more. */
  pause(mean: number): number {
    return -Math.log(1 - this.random()) * mean;
  }

  chance(share: number): boolean {
    return this.random() < share;
  }
}

/** Whoever holds a copy of a cookie: a browser, or a thief. */
export class Visitor {
  readonly #world: World;
  cookie: string;

  constructor(world: World, cookie: string) {
    this.#world = world;
    this.cookie = cookie;
  }

  /** Takes what a response brings, whenever it comes. */
  receive({ request }: Handled): void {
    for (const { name, value } of request.cookies) if (name === NAME) this.cookie = value;
  }

  /** Sends a request, which is handled at once. */
  async send(kind: Kind, cookie: string = this.cookie): Promise<Handled> {
    const prefetch = kind === "prefetch" && { "sec-purpose": "prefetch" };
    const headers = { cookie: `${NAME}=${cookie}`, ...prefetch };
    const request = new TestRequest(headers, kind === "prefetch" ? "GET" : "POST");
    const { sessions } = this.#world;
    this.#world.requests++;
    if (kind === "public") return { request, refused: (await sessions.get(request)) ? undefined : "nobody" };
    const refused = await sessions.authorize(request);
    if (refused) return { request, refused };
    if (kind === "rotate") await sessions.rotate(request);
    if (kind === "reauthenticate") await sessions.reauthenticate(request);
    if (kind === "updateMeta") await sessions.updateMeta(request, (meta) => meta);
    return { request, refused };
  }
}

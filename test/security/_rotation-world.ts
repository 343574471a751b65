import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { TestRequest, testSessions } from "../support/browser.ts";

/** Creates a generator of random numbers that repeats for the same seed, so that a failure can be reproduced. */
function createRandom(seed: number): () => number {
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

/** The purpose of a request. */
export type Kind = "auth" | "public" | "prefetch" | "rotate" | "reauthenticate" | "updateMeta";

/** A request that was handled. The browser has not received its response yet. */
export interface Handled {
  readonly request: TestRequest;
  /** The reason why the request is unauthenticated. */
  readonly rejected: string | undefined;
}

/** An event that happens at a given time of the simulated clock. */
interface Event {
  readonly at: number;
  readonly run: () => Promise<void> | void;
}

/** A simulation with its own clock. Requests are handled on arrival and answered when their handler ends. */
export class World {
  readonly clock: TestClock = new TestClock();
  readonly begun: number = this.clock.now();
  readonly random: () => number;
  readonly sessions: ReturnType<typeof testSessions<undefined, undefined>>;
  readonly manager: Manager;
  /** The number of handled requests. */
  requests = 0;
  #events: Event[] = [];
  #count = 0;

  constructor(seed: number) {
    this.random = createRandom(seed);
    this.manager = new Manager(memoryStore(), {
      clock: this.clock.now,
      rotateEvery: "1m",
      expiresIn: "400d",
    });
    this.sessions = testSessions(this.manager);
  }

  /** Logs in a new user in a new browser. */
  async login(): Promise<Visitor> {
    const request = new TestRequest();
    await this.sessions.init(request, `user-${this.#count++}`);
    const visitor = new Visitor(this, "");
    visitor.receive({ request, rejected: undefined });
    return visitor;
  }

  /** Schedules an event after this number of seconds. */
  after(seconds: number, run: Event["run"]): void {
    const event = { at: this.clock.now() + Math.round(seconds * SECOND), run };
    // A heap would be faster but longer, and only a few events wait at a time.
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1]?.at ?? 0) < event.at) index--;
    this.#events.splice(index, 0, event);
  }

  /** Advances the clock from event to event until none is left or `until` returns true. */
  async run(until: () => boolean = () => false): Promise<void> {
    for (let next = this.#events.pop(); next && !until(); next = this.#events.pop()) {
      this.clock.set(next.at);
      await next.run();
    }
  }

  /** Returns an exponentially distributed number of seconds with this mean. */
  pause(mean: number): number {
    return -Math.log(1 - this.random()) * mean;
  }

  /** Returns true with this probability. */
  chance(share: number): boolean {
    return this.random() < share;
  }
}

/** A holder of a cookie: a browser or a thief. */
export class Visitor {
  readonly #world: World;
  cookie: string;

  constructor(world: World, cookie: string) {
    this.#world = world;
    this.cookie = cookie;
  }

  /** Stores the cookie of a response. Responses may arrive in any order. */
  receive({ request }: Handled): void {
    for (const { name, value } of request.cookies) if (name === NAME) this.cookie = value;
  }

  /** Sends a request, which the app handles immediately. */
  async send(kind: Kind, cookie: string = this.cookie): Promise<Handled> {
    const prefetch = kind === "prefetch" && { "sec-purpose": "prefetch" };
    const headers = { cookie: `${NAME}=${cookie}`, ...prefetch };
    const request = new TestRequest(headers, kind === "prefetch" ? "GET" : "POST");
    const { sessions } = this.#world;
    this.#world.requests++;
    if (kind === "public")
      return { request, rejected: (await sessions.get(request)) ? undefined : "unauthenticated" };
    const rejected = await sessions.authorize(request);
    if (rejected) return { request, rejected };
    if (kind === "rotate") await sessions.rotate(request);
    if (kind === "reauthenticate") await sessions.reauthenticate(request);
    if (kind === "updateMeta") await sessions.updateMeta(request, (meta) => meta);
    return { request, rejected };
  }
}

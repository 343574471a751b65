import { randomBytes } from "node:crypto";
import {
  type AuthOptions,
  createSessions,
  type Guards,
  Manager,
  type ManagerOptions,
  SessionError,
  type SessionEvents,
  type Sessions,
  type StandardSchema,
} from "sessionup";
import { sessionPolicy } from "sessionup/report";
import { type Routes, sessionRoutes } from "sessionup/routes";
import { TestClock } from "sessionup/testing";
import { toErrorResponse } from "../../src/http/error-response.ts";
import { Browser, type TestRequest } from "../support/browser.ts";
import { GatedStore } from "../support/gated-store.ts";
import { type Witness, watched } from "./witness.ts";

export type Meta = { readonly theme: string } | undefined;
export type Options = ManagerOptions<Meta, Meta>;

export const EVENTS = [
  "created",
  "ended",
  "rotated",
  "rejected",
  "client_changed",
  "moved",
  "error",
] as const;

/** The header that carries an app's new token, which is as secret as a cookie. */
const HEADER = "session-token";

/** The signing key, which is as secret as a session's secret. */
export const KEY: string = randomBytes(32).toString("base64");

const META: StandardSchema<Meta, Meta> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const theme = (value as { theme?: unknown } | undefined)?.theme;
      return value === undefined || typeof theme === "string"
        ? { value: value as Meta }
        : { issues: [{ message: "theme must be a string", value }] };
    },
  },
};

/** Records by name which methods and options the paths use, and which results occur. */
export class Tally {
  readonly #all = new Map<string, Set<string>>();

  note(kind: string, ...names: readonly string[]): void {
    const known = this.#all.get(kind) ?? new Set();
    for (const name of names) known.add(name);
    this.#all.set(kind, known);
  }

  names(kind: string): string[] {
    return [...(this.#all.get(kind) ?? [])].sort();
  }

  /** Returns a proxy that records which members are used. */
  over<Driven extends object>(kind: string, driven: Driven): Driven {
    return new Proxy(driven, {
      get: (target, name) => {
        if (typeof name === "string") this.note(kind, name);
        const value: unknown = Reflect.get(target, name, target);
        // A proxy has no access to private fields, so methods must run on the object itself.
        return typeof value === "function" ? value.bind(target) : value;
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
  }

  /** Records the names of the options and of their nested options. */
  options(kind: string, options: object): void {
    for (const [name, value] of Object.entries(options)) {
      this.note(kind, name);
      if (["cookie", "client", "recognize", "validate"].includes(name))
        this.note(name, ...Object.keys(value));
    }
  }
}

/** A manager with its methods. A witness sees every value that an app, a client or a log could see. */
export class WatchedSite {
  readonly clock: TestClock = new TestClock();
  readonly store: GatedStore;
  /** Records which of its members are used. */
  readonly manager: Manager<Meta, Meta>;
  readonly sessions: Sessions<TestRequest, Meta, Meta>;
  readonly witness: Witness;
  readonly tally: Tally;
  readonly #manager: Manager<Meta, Meta>;
  readonly guards: Guards<TestRequest>;
  readonly routes: Routes<TestRequest>;

  constructor(witness: Witness, tally: Tally, options: Options = {}, store?: GatedStore) {
    this.witness = witness;
    this.tally = tally;
    this.store = store ?? watched(new GatedStore(), witness);
    const made: Options = {
      clock: this.clock.now,
      keys: [KEY],
      meta: META,
      generateSecret: () => {
        const turn = randomBytes(24).toString("hex");
        witness.keep("the turn of a secret", turn);
        return turn;
      },
      ...options,
    };
    tally.options("options", made);
    for (const key of made.keys ?? []) witness.keep("a key", key);
    this.#manager = new Manager<Meta, Meta>(this.store, made);
    this.manager = tally.over("Manager", this.#manager);
    const { methods, guards } = createSessions<TestRequest, Meta, Meta>(this.#manager, (request) => request);
    this.sessions = tally.over("Sessions", methods);
    this.guards = guards;
    this.routes = sessionRoutes(methods, { maxAuthAge: "10m" });
    this.listen(this.#manager);
    this.look();
  }

  listen(manager: Manager<Meta, Meta>): void {
    for (const name of EVENTS) {
      manager.events.on(name, (event: SessionEvents[typeof name]) => {
        this.tally.note("events", name);
        if ("reason" in event && name === "ended") this.tally.note("ends", event.reason);
        if ("reason" in event && name === "rejected") this.tally.note("rejections", event.reason);
        if ("action" in event) this.tally.note("actions", event.action);
        this.witness.see(`the event ${name}`, event);
      });
    }
  }

  /** Shows the long-lived objects to the witness: the manager, the sessions, the store, the routes. */
  look(): void {
    const { sessions, store, routes } = this;
    const manager = this.#manager;
    for (const [what, value] of Object.entries({ manager, sessions, store, routes }))
      this.witness.see(`the ${what}`, value);
    this.witness.see("the policy", sessionPolicy(manager));
    this.witness.see("the prototype of the manager", Object.getPrototypeOf(manager));
  }

  /** Runs a request. Returns the answer or the error. The witness sees both, and everything in the response. */
  async visit<Answer>(
    browser: Browser,
    use: (request: TestRequest, sessions: Sessions<TestRequest, Meta, Meta>) => Answer | Promise<Answer>,
    prepare: (request: TestRequest) => TestRequest = (request) => request,
  ): Promise<Answer | Error> {
    const request = prepare(browser.request());
    let answer: Answer | Error;
    try {
      answer = await use(request, this.sessions);
    } catch (error) {
      answer = this.failed(error);
    }
    browser.receive(request);
    for (const { value, ...attributes } of request.cookies) {
      this.witness.keepCookie(value);
      this.witness.see("a cookie's attributes", attributes);
    }
    const { [HEADER]: token, ...headers } = Object.fromEntries(request.responseHeaders);
    if (token) this.witness.keepCookie(token);
    this.witness.see("the headers of a response", headers);
    for (const symbol of Object.getOwnPropertySymbols(request))
      this.witness.see("the context", Reflect.get(request, symbol));
    // A form's token is as secret as a cookie.
    if (typeof answer === "string") this.witness.keep("a form's token", answer);
    else this.witness.see("an answer", answer);
    return answer;
  }

  /** Returns the error with which `auth` rejects the request, or `undefined`. */
  async auth(
    browser: Browser,
    options: AuthOptions = {},
    prepare?: (request: TestRequest) => TestRequest,
  ): Promise<SessionError | undefined> {
    this.tally.note("auth", ...Object.keys(options));
    const answer = await this.visit(browser, (request) => this.guards.auth(options)(request), prepare);
    if (answer !== undefined && !SessionError.is(answer)) throw answer;
    if (answer) this.failed(answer);
    return answer;
  }

  /** Logs in a browser. Returns the browser and the session's id. */
  async login(
    userKey = "ann",
    options: object = {},
    browser = new Browser(),
  ): Promise<{ browser: Browser; id: string }> {
    this.tally.note("init", ...Object.keys(options));
    const answer = await this.visit(browser, (request, sessions) => sessions.init(request, userKey, options));
    if (answer instanceof Error) throw answer;
    return { browser, id: answer.id };
  }

  /** Runs a call outside of a request. Returns the answer or the error, and shows either to the witness. */
  async see<Answer>(where: string, ask: () => Answer | Promise<Answer>): Promise<Answer | Error> {
    try {
      const answer = await ask();
      this.witness.see(where, answer);
      return answer;
    } catch (error) {
      return this.failed(error);
    }
  }

  /** Shows an error to the witness and records its code and reason. */
  failed(error: unknown): Error {
    if (!(error instanceof Error)) throw error;
    this.witness.see("an error", error);
    if (SessionError.is(error)) {
      this.tally.note("codes", error.code);
      if (error.reason) this.tally.note("reasons", error.reason);
      this.witness.see("an error response", toErrorResponse(error));
    }
    return error;
  }
}

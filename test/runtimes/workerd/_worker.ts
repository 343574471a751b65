/** The Worker in which the tests run. Its main module must export the Durable Object classes. */
import type { ExpiredSession } from "../../../src/store.ts";
import {
  durableObjectPush,
  durableObjectStore,
  type ObjectState,
  SessionsHub,
  SessionsObject,
} from "../../../src/stores/durable-objects.ts";
import { HeardEvents } from "../../support/heard-events.ts";

/** Reports to the hub. */
export { SessionsHub, SessionsObject };

/** Has no hub, although the Worker has the binding. */
export class PlainSessionsObject extends SessionsObject {
  constructor(state: ObjectState) {
    super(state);
  }
}

/**
 * A separate class for tests that inspect objects: bindings of one class share objects, which the contract
 * also uses.
 */
export class OwnSessionsObject extends PlainSessionsObject {}

interface OwnEnv {
  readonly OWN_HUB: Cloudflare.Env["OWN_HUB"];
  readonly OWN_PUSHED: Cloudflare.Env["OWN_PUSHED"];
}

/** Reports to the hub that a test can break. */
export class OwnPushedObject extends SessionsObject {
  constructor(state: ObjectState, env: OwnEnv) {
    super(state, { SESSIONS_HUB: env.OWN_HUB });
  }
}

/** Reports expired sessions to the test, which can break it. */
export class ReportingObject extends PlainSessionsObject {
  mode: "pass" | "fail" | "crash" = "pass";
  readonly expired: ExpiredSession[] = [];
  readonly #state: DurableObjectState;

  constructor(state: DurableObjectState) {
    super(state as unknown as ObjectState);
    this.#state = state;
  }

  override async reportExpired(sessions: readonly ExpiredSession[]): Promise<void> {
    this.expired.push(...sessions);
    if (this.mode === "fail") throw new Error("out of order");
    if (this.mode === "crash") this.#state.abort("interrupted");
  }
}

/** A hub that a test can break. */
export class OwnHub extends SessionsHub {
  /** How the hub treats reports. */
  mode: "pass" | "fail" | "hang" = "pass";
  /** The reports that it has received. */
  readonly reports: string[] = [];

  override async fetch(request: Request): Promise<Response> {
    if (request.method === "POST") {
      this.reports.push(await request.clone().text());
      const fails = this.mode !== "pass";
      while (this.mode === "hang") await new Promise((resolve) => setTimeout(resolve, 10));
      if (fails) return new Response("out of order", { status: 500 });
    }
    return super.fetch(request);
  }
}

/** A Durable Object of the app that subscribes. */
export class Subscriber {
  readonly heard: HeardEvents = new HeardEvents();
  readonly #env: OwnEnv;

  constructor(_state: ObjectState, env: OwnEnv) {
    this.#env = env;
  }

  async fetch(): Promise<Response> {
    const push = durableObjectPush(this.#env.OWN_HUB);
    await durableObjectStore(this.#env.OWN_PUSHED, { push }).subscribe?.(this.heard);
    return new Response("subscribed");
  }
}

/** Answers every request with 500. */
export class BrokenObject {
  async fetch(): Promise<Response> {
    return new Response("out of order", { status: 500 });
  }
}

/** Never responds. */
export class SilentObject {
  async fetch(): Promise<Response> {
    return new Promise(() => setTimeout(() => undefined, 60_000));
  }
}

export default {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 404 });
  },
};

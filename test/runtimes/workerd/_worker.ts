/** The Worker in which the tests run. Its main module must export the Durable Object classes. */
import { SessionsObject } from "../../../src/stores/durable-objects.ts";

export { SessionsObject };

/**
 * A separate class for tests that inspect objects: bindings of one class share objects, which the contract
 * also uses.
 */
export class OwnSessionsObject extends SessionsObject {}

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

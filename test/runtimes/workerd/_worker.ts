/** The Worker in whose place the tests run: the classes of the objects are in its main module. */
import { SessionsObject } from "../../../src/stores/durable-objects.ts";

export { SessionsObject };

/** For tests that look into objects: bindings of one class share its objects, and the contract's users are in any of them. */
export class OwnSessionsObject extends SessionsObject {}

/** Answers with no more than that it failed. */
export class BrokenObject {
  async fetch(): Promise<Response> {
    return new Response("out of order", { status: 500 });
  }
}

/** Never answers. */
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

import type { IncomingMessage, ServerResponse } from "node:http";

/** One way to know who is asking, as the workers run it: on `node:http` and on Express alike. */
export interface Contender {
  /** The middleware that lets only logged-in requests through. Without one, nobody is looked up. */
  authenticate?(request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): unknown;
  /** What the handler behind it learns: whose request it is. */
  userKey(request: IncomingMessage, response: ServerResponse): string | undefined;
  /** Logs in: when the response has left, the Set-Cookie is on it. */
  login(request: IncomingMessage, response: ServerResponse, userKey: string): void | Promise<void>;
}

/** What each file here exports under the name of the framework. */
export type MakeContender = () => Contender;

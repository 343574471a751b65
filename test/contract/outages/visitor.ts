import assert from "node:assert/strict";

/** The store's timeout, in milliseconds. */
const STATED = 1_000;

/** The time for which this process was running, in milliseconds. The clock stands while the machine is suspended. */
let present = 0;
let seen = performance.now();
setInterval(() => {
  const now = performance.now();
  present += Math.min(now - seen, 50);
  seen = now;
}, 10).unref();

export interface Answer {
  readonly status: number;
  readonly body: { readonly user?: string | null; readonly id?: string; readonly ids?: readonly string[] };
}

/**
 * A user's browser. It checks every answer:
 * - The answer arrives within three times the store's timeout, with status 200, 401 or 503.
 * - A 200 belongs to this user.
 * - A 503 has Retry-After and does not change the cookie.
 */
export class Visitor {
  readonly user: string;
  readonly #origin: string;
  /** The Cookie header, or `undefined` when signed out. */
  cookie: string | undefined;
  /** The session's id, which the login returned. */
  id: string | undefined;

  constructor(origin: string, user: string) {
    this.#origin = origin;
    this.user = user;
  }

  login(): Promise<Answer> {
    return this.ask(`/login/${encodeURIComponent(this.user)}`);
  }

  async ask(path: string): Promise<Answer> {
    const begin = present;
    const response = await fetch(this.#origin + path, {
      headers: this.cookie === undefined ? {} : { cookie: this.cookie },
    });
    const { status, headers } = response;
    const body: Answer["body"] = JSON.parse(await response.text());
    const took = present - begin;
    const details = `${path} of ${this.user}: ${status} ${JSON.stringify(body)} after ${Math.round(took)} ms`;

    assert.ok(took < 3 * STATED, `The answer was too late: ${details}`);
    assert.ok(status === 200 || status === 401 || status === 503, details);
    if (status === 200 && body.user) assert.equal(body.user, this.user, `another user's answer: ${details}`);
    const [line, another] = headers.getSetCookie();
    assert.equal(another, undefined, details);
    if (status === 503) {
      assert.ok(Number(headers.get("retry-after")) > 0, `The 503 has no Retry-After: ${details}`);
      assert.equal(line, undefined, `The 503 sets a cookie: ${details}`);
    }
    if (line !== undefined) this.#keep(line);
    if (status === 200 && body.id !== undefined) this.id = body.id;
    return { status, body };
  }

  /** Returns another browser with the same cookie, on this site or on its replacement. */
  copy(origin: string = this.#origin): Visitor {
    const copy = new Visitor(origin, this.user);
    copy.cookie = this.cookie;
    copy.id = this.id;
    return copy;
  }

  #keep(line: string): void {
    const [pair = ""] = line.split(";");
    this.cookie = pair.endsWith("=") ? undefined : pair;
  }
}

let visits = 0;

/** Signs new users in, each with `devices` browsers. */
export async function signIn(origin: string, users: number, devices = 2): Promise<Visitor[]> {
  const run = visits++;
  const visitors = Array.from(
    { length: users * devices },
    (_, index) => new Visitor(origin, `user ${run}.${index % users} é\n`),
  );
  // A few at a time: a server that answers one request after another has to answer all within the store's timeout.
  for (let first = 0; first < visitors.length; first += 5) {
    const logins = await Promise.all(visitors.slice(first, first + 5).map((visitor) => visitor.login()));
    for (const { status } of logins) assert.equal(status, 200, "The login before the outage failed.");
  }
  return visitors;
}

/** Returns a browser of a new user who has not signed in yet. */
export function stranger(origin: string): Visitor {
  return new Visitor(origin, `stranger ${visits++}`);
}

import assert from "node:assert/strict";

/** What the store's pages promise with `timeout: "1s"`, in milliseconds. */
const STATED = 1_000;

/** Milliseconds that this process was there for: none pass while the whole machine stands still. */
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
 * A browser of a user's. Whatever it asks for and whatever is broken at the time, it insists on this: the answer comes
 * within three times the stated time, it is 200, 401 or 503, a 200 is about nobody else, and a 503 says when to come
 * back, and leaves the cookie alone.
 */
export class Visitor {
  readonly user: string;
  readonly #origin: string;
  /** As it would be sent; `undefined` when signed out. */
  cookie: string | undefined;
  /** Of its session, as login told. */
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
    const told = `${path} of ${this.user}: ${status} ${JSON.stringify(body)} after ${Math.round(took)} ms`;

    assert.ok(took < 3 * STATED, `too late: ${told}`);
    assert.ok(status === 200 || status === 401 || status === 503, told);
    if (status === 200 && body.user) assert.equal(body.user, this.user, `another user's answer: ${told}`);
    const [line, another] = headers.getSetCookie();
    assert.equal(another, undefined, told);
    if (status === 503) {
      assert.ok(Number(headers.get("retry-after")) > 0, `no Retry-After: ${told}`);
      assert.equal(line, undefined, `a cookie in an outage: ${told}`);
    }
    if (line !== undefined) this.#keep(line);
    if (status === 200 && body.id !== undefined) this.id = body.id;
    return { status, body };
  }

  /** Another browser with the cookie that this one has now, on this site or the one that took its place. */
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

/** Users with so many browsers each, all signed in. Their keys are new each time. */
export async function signIn(origin: string, users: number, devices = 2): Promise<Visitor[]> {
  const run = visits++;
  const visitors = Array.from(
    { length: users * devices },
    (_, index) => new Visitor(origin, `user ${run}.${index % users} é\n`),
  );
  await Promise.all(
    visitors.map(async (visitor) => {
      const { status } = await visitor.login();
      assert.equal(status, 200, "signing in before the outage");
    }),
  );
  return visitors;
}

/** A browser of nobody's yet. */
export function stranger(origin: string): Visitor {
  return new Visitor(origin, `stranger ${visits++}`);
}

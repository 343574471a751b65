import type { SessionId, SessionJson } from "./session.ts";

/** Where the ready-made routes are. */
export interface SessionClientOptions {
  /** What stands before them: `"/account"`, or `"https://api.example.com/account"`. Default `""`. */
  readonly path?: string;
}

/** Who is signed in, and for how long. */
export interface SessionStatus<Meta = undefined> {
  readonly userKey: string;
  /** Whole seconds until the session ends, unless it is used. */
  readonly expiresIn: number;
  readonly session: SessionJson<Meta>;
}

/** What `watch` tells of. */
export interface SessionWatcher {
  /** Each second: how many are left. */
  readonly tick?: (secondsLeft: number) => void;
  /** Once, when there is no session any more, wherever it was ended, with the server's reason: `"expired"`, `"revoked"`, `"evicted"`, `"no_cookie"`, … */
  readonly end: (reason: string) => void;
}

/** The verbs, from a browser. Each throws a `SessionClientError` when the server refuses or cannot be reached. */
export interface SessionClient<Meta = undefined> {
  /** The session, or `undefined` when there is none; does not count as activity. */
  get(): Promise<SessionStatus<Meta> | undefined>;
  /** All sessions of the user, newest first, this browser's own marked `current`. */
  fetchAll(): Promise<ReadonlyArray<SessionJson<Meta>>>;
  /** Logs out, and tells the other tabs. */
  revoke(): Promise<void>;
  /** Ends the user's other sessions; their ids. */
  revokeOther(): Promise<readonly SessionId[]>;
  /** Ends all sessions of the user, and tells the other tabs; their ids. */
  revokeAll(): Promise<readonly SessionId[]>;
  /** Ends one session of the same user; whether it was there. */
  revokeOwn(id: string): Promise<boolean>;
  /**
   * Counts down to the session's end, and notices when it ends elsewhere: in another tab at once, on another device
   * within a minute. While the server cannot be reached nothing is said: that is no logout. Returns what stops it.
   */
  watch(watcher: SessionWatcher): () => void;
}

/** What a refusal says besides its status, in the words of RFC 9470. */
interface Refusal {
  readonly reason?: string;
  readonly max_age?: number;
  readonly acr_values?: string;
}

/** What the server answered instead. */
export class SessionClientError extends Error {
  /** The HTTP status; 0 when nothing came. */
  readonly status: number;
  /** Why there is no session; only with 401. */
  readonly reason: string | undefined;
  /**
   * What the user has to prove first, where the reason is `"stale_authentication"`: no longer than so many seconds ago, at
   * that level or above.
   */
  readonly needed: { readonly maxAge?: number; readonly level?: number } | undefined;

  /** @internal */
  constructor(status: number, answer: Refusal = {}, cause?: unknown) {
    super(`the session service answered ${status || "nothing"}`, { cause });
    this.name = "SessionClientError";
    this.status = status;
    const { reason, max_age: maxAge, acr_values: acr } = answer;
    this.reason = reason;
    this.needed =
      maxAge === undefined && acr === undefined
        ? undefined
        : { ...(maxAge !== undefined && { maxAge }), ...(acr !== undefined && { level: Number(acr) }) };
  }
}

const RECHECK = 60_000;

/**
 * A client of the ready-made routes, for browsers.
 *
 * @example
 * ```ts
 * import { sessionClient } from "sessionup/client";
 *
 * const sessions = sessionClient({ path: "/account" });
 * sessions.watch({
 *   tick: (left) => { if (left === 60) console.log("a minute left"); },
 *   end: () => location.assign("/login"),
 * });
 * await sessions.revokeOther();
 * ```
 */
export function sessionClient<Meta = undefined>({
  path = "",
}: SessionClientOptions = {}): SessionClient<Meta> {
  const name = `sessionup ${path}`;

  async function call<Answer>(method: string, route: string): Promise<Answer> {
    // Also where the routes are on another origin; its CORS decides.
    const options: RequestInit = { method, credentials: "include", cache: "no-store" };
    const response = await fetch(path + route, options).catch((cause: unknown) => {
      throw new SessionClientError(0, {}, cause);
    });
    const json = response.status === 204 ? undefined : await response.json().catch(() => undefined);
    if (!response.ok) throw new SessionClientError(response.status, json ?? {});
    return json;
  }

  async function find(): Promise<SessionStatus<Meta> | string> {
    try {
      return await call("GET", "/session");
    } catch (error) {
      if (error instanceof SessionClientError && error.status === 401) return error.reason ?? "unknown";
      throw error;
    }
  }

  /** Tells the other tabs that there is something to ask about. */
  function tell(): void {
    const channel = new BroadcastChannel(name);
    channel.postMessage("changed");
    channel.close();
  }

  return {
    async get() {
      const found = await find();
      return typeof found === "string" ? undefined : found;
    },
    fetchAll: async () => (await call<{ sessions: SessionJson<Meta>[] }>("GET", "/sessions")).sessions,
    async revoke() {
      await call("POST", "/logout");
      tell();
    },
    revokeOther: async () => (await call<{ ended: SessionId[] }>("DELETE", "/sessions")).ended,
    async revokeAll() {
      const { ended } = await call<{ ended: SessionId[] }>("POST", "/logout-all");
      tell();
      return ended;
    },
    async revokeOwn(id) {
      try {
        await call("DELETE", `/sessions/${encodeURIComponent(id)}`);
      } catch (error) {
        if (error instanceof SessionClientError && error.status === 404) return false;
        throw error;
      }
      tell();
      return true;
    },

    watch({ tick, end }) {
      const channel = new BroadcastChannel(name);
      let timer: ReturnType<typeof setTimeout> | undefined;
      let asked = 0;
      let endsAt = 0;
      let asksAt = 0;

      async function ask(): Promise<void> {
        clearTimeout(timer);
        const own = ++asked;
        const found = await find().catch(() => undefined);
        // Stopped, or asked once more, meanwhile.
        if (own !== asked) return;
        const now = Date.now();
        asksAt = now + RECHECK;
        if (typeof found === "string") {
          stop();
          end(found);
        } else if (found) {
          endsAt = now + found.expiresIn * 1_000;
          count();
        } else timer = setTimeout(ask, 5_000);
      }

      function count(): void {
        const now = Date.now();
        const left = Math.max(0, Math.round((endsAt - now) / 1_000));
        tick?.(left);
        // It may have been used meanwhile, and the machine may have slept.
        timer = setTimeout(left === 0 || now >= asksAt ? ask : count, 1_000);
      }

      function look(): void {
        if (document.visibilityState === "visible") void ask();
      }

      function stop(): void {
        asked++;
        clearTimeout(timer);
        channel.close();
        document.removeEventListener("visibilitychange", look);
      }

      channel.onmessage = () => void ask();
      document.addEventListener("visibilitychange", look);
      void ask();
      return stop;
    },
  };
}

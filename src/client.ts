import { isSameSession, TokenKeeper, type TokenStorage } from "./client/token-keeper.ts";
import type { SessionId, SessionJson } from "./session.ts";

export type { TokenStorage } from "./client/token-keeper.ts";

/** The options of `sessionClient`. */
export interface SessionClientOptions {
  /** The path before each route: `"/account"`, or `"https://api.example.com/account"`. Default `""`. */
  readonly path?: string;
  /**
   * Where an app keeps the token of `initBearer`. The client then sends it in `Authorization` instead of the cookie, stores the
   * token that a response carries, and deletes the token when the session is over. After a 401 it sends the request once more if
   * another request has stored a newer token. Default: none, for browsers with the cookie.
   */
  readonly token?: TokenStorage;
}

/** The signed-in user, and how long the session lasts. */
export interface SessionStatus<Meta = undefined> {
  readonly userKey: string;
  /** The whole seconds until the session ends. Using the session may extend it. */
  readonly expiresIn: number;
  readonly session: SessionJson<Meta>;
}

/** The callbacks of `watch`. */
export interface SessionWatcher {
  /** Called each second with the seconds that are left. */
  readonly tick?: (secondsLeft: number) => void;
  /**
   * Called once when the session has ended, here or on another device, with the server's reason: `"expired"`, `"revoked"`,
   * `"evicted"`, `"no_cookie"`, …
   */
  readonly end: (reason: string) => void;
}

/** The session methods for browsers and apps. Each throws a `SessionClientError` when the server rejects the request or cannot be reached. */
export interface SessionClient<Meta = undefined> {
  /** Returns the session, or `undefined` if there is none. Does not count as activity. */
  get(): Promise<SessionStatus<Meta> | undefined>;
  /** Returns all sessions of the user, newest first, with this browser's marked as `current`. */
  fetchAll(): Promise<ReadonlyArray<SessionJson<Meta>>>;
  /** Logs out, and notifies the other tabs. */
  revoke(): Promise<void>;
  /** Ends the user's other sessions. Returns their ids. */
  revokeOther(): Promise<readonly SessionId[]>;
  /** Ends all sessions of the user, and notifies the other tabs. Returns their ids. */
  revokeAll(): Promise<readonly SessionId[]>;
  /** Ends one session of the same user. Returns false if there was no such session. */
  revokeOwn(id: string): Promise<boolean>;
  /** Requests a new secret, for apps that want one at a moment of their own. The old one stays valid until the new one is used. */
  refresh(): Promise<void>;
  /**
   * Counts down to the session's end, and notices when the session ends elsewhere: in another tab at once, on another device
   * within a minute. An unreachable server does not count as a logout and calls nothing. Returns a function that stops watching.
   */
  watch(watcher: SessionWatcher): () => void;
}

/** The JSON body of a rejection, with the parameters of RFC 9470. */
interface Rejection {
  readonly reason?: string;
  readonly max_age?: number;
  readonly acr_values?: string;
}

/** An error response of the server, or the failure to reach it. */
export class SessionClientError extends Error {
  /** The HTTP status; 0 without a response. */
  readonly status: number;
  /** The reason for a 401. */
  readonly reason: string | undefined;
  /**
   * What the routes require when the reason is `"stale_authentication"`: an authentication at most `maxAge` seconds ago, at
   * `level` or above.
   */
  readonly needed: { readonly maxAge?: number; readonly level?: number } | undefined;

  /** @internal */
  constructor(status: number, answer: Rejection = {}, cause?: unknown) {
    super(status ? `The session routes responded with ${status}.` : "The session routes did not respond.", {
      cause,
    });
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

// React Native and command lines have neither tabs nor documents.
const canNotify = typeof BroadcastChannel === "function";
const page = typeof document === "object" ? document : undefined;

const RECHECK_INTERVAL = 60_000;
const RETRY_DELAY = 5_000;

/** The reasons of a 401 after which the session may go on. */
const NOT_OVER: readonly unknown[] = ["stale_authentication", "client_changed", "meta_invalid", "malformed"];

/**
 * Creates a client of the ready-made routes, for browsers and for apps with a token.
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
  token: storage,
}: SessionClientOptions = {}): SessionClient<Meta> {
  const name = `sessionup ${path}`;
  const tokens = storage && new TokenKeeper(storage);

  async function send(
    method: string,
    route: string,
  ): Promise<{ response: Response; token?: string | undefined }> {
    const url = path + route;
    if (tokens) return tokens.send(url, { method, cache: "no-store" });
    // Credentials are also needed for routes on another origin, whose CORS headers decide.
    return { response: await fetch(url, { method, credentials: "include", cache: "no-store" }) };
  }

  async function call<Answer>(method: string, route: string): Promise<Answer> {
    const { response, token } = await send(method, route).catch((cause: unknown) => {
      throw new SessionClientError(0, {}, cause);
    });
    const json = response.status === 204 ? undefined : await response.json().catch(() => undefined);
    if (response.status === 401 && !NOT_OVER.includes(json?.reason))
      await tokens?.delete((stored) => stored === token);
    // Another request may have replaced the token of the session that has ended.
    if (response.ok && route.startsWith("/logout"))
      await tokens?.delete((stored) => token !== undefined && isSameSession(stored, token));
    if (!response.ok) throw new SessionClientError(response.status, json ?? {});
    return json;
  }

  /** Returns the session, or the reason why there is none. */
  async function find(): Promise<SessionStatus<Meta> | string> {
    try {
      return await call("GET", "/session");
    } catch (error) {
      if (error instanceof SessionClientError && error.status === 401) return error.reason ?? "unknown";
      throw error;
    }
  }

  /** Makes the other tabs check the session. */
  function notifyTabs(): void {
    if (!canNotify) return;
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
      notifyTabs();
    },
    revokeOther: async () => (await call<{ ended: SessionId[] }>("DELETE", "/sessions")).ended,
    async revokeAll() {
      const { ended } = await call<{ ended: SessionId[] }>("POST", "/logout-all");
      notifyTabs();
      return ended;
    },
    async revokeOwn(id) {
      try {
        await call("DELETE", `/sessions/${encodeURIComponent(id)}`);
      } catch (error) {
        if (error instanceof SessionClientError && error.status === 404) return false;
        throw error;
      }
      notifyTabs();
      return true;
    },
    refresh: () => call("POST", "/session/refresh"),

    watch({ tick, end }) {
      const channel = canNotify ? new BroadcastChannel(name) : undefined;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let checks = 0;
      let endsAt = 0;
      let nextCheckAt = 0;

      async function check(): Promise<void> {
        clearTimeout(timer);
        const number = ++checks;
        const found = await find().catch(() => undefined);
        // Another check has begun in the meantime, or the watcher has been stopped.
        if (number !== checks) return;
        const now = Date.now();
        nextCheckAt = now + RECHECK_INTERVAL;
        if (typeof found === "string") {
          stop();
          end(found);
        } else if (found) {
          endsAt = now + found.expiresIn * 1_000;
          count();
        } else timer = setTimeout(check, RETRY_DELAY);
      }

      function count(): void {
        const now = Date.now();
        const left = Math.max(0, Math.round((endsAt - now) / 1_000));
        tick?.(left);
        // Before the end, check: the session may have been used, and the machine may have slept.
        timer = setTimeout(left === 0 || now >= nextCheckAt ? check : count, 1_000);
      }

      function checkIfVisible(): void {
        if (page?.visibilityState === "visible") void check();
      }

      function stop(): void {
        checks++;
        clearTimeout(timer);
        channel?.close();
        page?.removeEventListener("visibilitychange", checkIfVisible);
      }

      if (channel) channel.onmessage = () => void check();
      page?.addEventListener("visibilitychange", checkIfVisible);
      void check();
      return stop;
    },
  };
}

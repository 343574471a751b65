/** Receives the error of a failed operation. A callback without a parameter is called only after a success. */
export type SessionCallback = (error?: unknown) => void;

/** The cookie of a session. Read-only: assignments throw a `TypeError` that says what to do instead. */
export interface RequestSessionCookie {
  /** When the cookie ends, or `null` if it ends with the browser session. */
  readonly expires: Date | null;
  /** The remaining life of the cookie in milliseconds, or `null` if it ends with the browser session. */
  readonly maxAge: number | null;
  /** The whole life of the cookie in milliseconds, or `null` if it ends with the browser session. */
  readonly originalMaxAge: number | null;
  readonly path: string;
  readonly domain: string | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none";
  readonly partitioned: boolean;
}

/**
 * The session of a request, as middleware for express-session expects it. Every other property is data, and is saved as JSON
 * before the response leaves.
 */
export interface RequestSession {
  /** The id of the user's session, or a random text that identifies a visitor's session. Neither authenticates a client. */
  readonly id: string;
  readonly cookie: RequestSessionCookie;
  /**
   * Ends the session, and replaces `req.session` by the empty session of a visitor. A user is signed out. To begin a user's
   * session, call `init` of the sessions instead, and `rotate` to replace only the secret.
   */
  regenerate(callback?: SessionCallback): this;
  /** Ends the session, clears its cookie, and removes `req.session`. A user is signed out. */
  destroy(callback?: SessionCallback): this;
  /** Replaces `req.session` by the stored data. Changes that were not saved are lost. Fails if nothing is stored. */
  reload(callback?: SessionCallback): this;
  /** Saves the changes now. Only needed before work that reads the session elsewhere: the response waits anyway. */
  save(callback?: SessionCallback): this;
  /** Does nothing: to read `req.session` counts as activity, and nothing moves the end of a session. */
  touch(): this;
  /** Does nothing, as `touch`. */
  resetMaxAge(): this;
}

/** The operations of a session, by the name of its method. */
export type SessionAction = "regenerate" | "destroy" | "reload" | "save";

/** The object in `req.session`: data as own properties, and methods on its prototype, which `for` does not list. */
export class SessionObject implements RequestSession {
  readonly #id: string;
  readonly #run: (action: SessionAction, callback: SessionCallback | undefined) => void;
  readonly cookie: RequestSessionCookie;

  constructor(
    id: string,
    cookie: RequestSessionCookie,
    data: object,
    run: (action: SessionAction, callback: SessionCallback | undefined) => void,
  ) {
    this.#id = id;
    this.#run = run;
    this.cookie = cookie;
    for (const [key, value] of Object.entries(data)) {
      // Data is private to the request: the metadata itself is frozen, and shared with other readers.
      if (isDataKey(key)) Object.assign(this, { [key]: structuredClone(value) });
    }
  }

  get id(): string {
    return this.#id;
  }

  // grant reads the number of parameters from the prototype.
  regenerate(callback?: SessionCallback): this {
    this.#run("regenerate", callback);
    return this;
  }

  destroy(callback?: SessionCallback): this {
    this.#run("destroy", callback);
    return this;
  }

  reload(callback?: SessionCallback): this {
    this.#run("reload", callback);
    return this;
  }

  save(callback?: SessionCallback): this {
    this.#run("save", callback);
    return this;
  }

  touch(): this {
    return this;
  }

  resetMaxAge(): this {
    return this;
  }
}

/** Whether a property is data. The names of methods, `cookie` and what every object inherits are not. */
export function isDataKey(key: string): boolean {
  return key !== "cookie" && !(key in SessionObject.prototype);
}

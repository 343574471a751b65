/** An instance of Passport 0.6 or later, such as `passport` itself or `new Passport()`. */
export interface PassportLike {
  use(name: string, strategy: never): unknown;
  serializeUser(serialize: never): unknown;
  deserializeUser(deserialize: never): unknown;
}

/** The request that Passport passes on: Express's own, or one that koa-passport creates for each middleware. */
export interface PassportRequest {
  /** Express's response. */
  readonly res?: unknown;
  /** Koa's context. */
  readonly ctx?: unknown;
  /** The name of the property for the user, unless it is `user`. */
  readonly _userProperty?: string | undefined;
  [property: string]: unknown;
}

/** Passport's session manager, which `req.login` and `req.logout` call. */
export interface PassportSessionManager {
  logIn(
    request: PassportRequest,
    user: unknown,
    options: { readonly keepSessionInfo?: boolean | undefined },
    done: (error?: unknown) => void,
  ): void;
  logOut(request: PassportRequest, options: object, done: (error?: unknown) => void): void;
}

/** A strategy, as far as it restores the user. Passport calls it on an object with these two actions. */
export interface PassportSessionStrategy {
  authenticate(this: { pass(): void; error(error: unknown): void }, request: PassportRequest): void;
}

type Done = (error: unknown, value?: unknown) => void;

/** The members of Passport's instances that the declared type lacks. */
export interface PassportInternals {
  _sm: PassportSessionManager;
  /** Commented out in Passport 0.7, which reads `_sm` at each request. */
  sessionManager?(manager: PassportSessionManager): unknown;
  use(name: string, strategy: PassportSessionStrategy): unknown;
  /** Runs the functions that the app has registered. */
  serializeUser(user: unknown, request: PassportRequest, done: Done): void;
  /** Runs the functions that the app has registered. */
  deserializeUser(userKey: string, request: PassportRequest, done: Done): void;
}

/** Returns an instance with its internal members. Throws `TypeError` for anything but Passport 0.6 or later. */
export function checkPassport(passport: unknown): PassportInternals {
  const found = Object(passport) as Partial<PassportInternals>;
  // The session manager of earlier versions takes no options.
  if (typeof found.use === "function" && found._sm?.logOut?.length === 3) return found as PassportInternals;
  throw new TypeError(
    "connectPassport requires an instance of Passport 0.6 or later, such as new Passport().",
  );
}

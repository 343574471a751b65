import { hash, randomBytes } from "node:crypto";
import { getInternals, type Sessions } from "../../http/sessions.ts";
import { createPocket } from "../../pocket/pocket.ts";
import { type StandardSchema, typed } from "../../standard-schema.ts";
import type { Json } from "../../store.ts";
import { checkStateOptions, type OAuth2StateOptions } from "./options.ts";
import type { PassportRequest } from "./passport-like.ts";
import { settle } from "./settle.ts";
import { createToContext } from "./to-context.ts";

/** A state store, for the option `store` of `passport-oauth2` and the strategies that extend it. */
export interface OAuth2StateStore {
  /** Keeps a login that begins, and passes on the value of `state`. */
  store(request: object, ...rest: unknown[]): void;
  /** Checks the `state` of a callback, once. */
  verify(request: object, state: string, ...rest: unknown[]): void;
}

/** The provider and the client, as the strategy describes them. */
interface About {
  readonly authorizationURL: string;
  readonly clientID: string;
}

/** A login that has begun, as the browser keeps it. */
interface Begun {
  /** A hash of the provider and the client. */
  readonly client: string;
  /** The PKCE verifier. */
  readonly verifier?: string;
  /** The app's own state. */
  readonly state?: Json;
}

type Stored = (error: object | null, handle?: string) => void;
/** `ok` is the PKCE verifier or true. If it is false, the third argument says why. */
type Verified = (error: object | null, ok?: string | boolean, info?: unknown) => void;

/** The random bytes of a handle. */
const HANDLE_BYTES = 24;
const NAME = "oauth2";
const INVALID = { message: "The state of the callback is not valid for this browser." };

/**
 * Creates a state store that keeps each login in a sealed cookie of its own until the callback, in place of `req.session`. A
 * `state` is valid once, in the browser that began the login, and for its provider and client. Several tabs can log in at the same time.
 * The manager needs `keys`. Verifying costs one write to the store.
 *
 * Throws `TypeError` for anything but an adapter's sessions, without `keys`, and for invalid options.
 */
export function oauth2StateStore<Context extends object, In, Out extends In>(
  sessions: Sessions<Context, In, Out>,
  options: OAuth2StateOptions = {},
): OAuth2StateStore {
  const { getState } = getInternals<Context, In, Out>(sessions);
  // The compiler cannot check that `Json` is JSON: the type is recursive.
  const schema = typed<object>() as StandardSchema<object, never> as StandardSchema<Begun>;
  const pocket = createPocket(sessions, { values: { [NAME]: { schema, ...checkStateOptions(options) } } });
  const toContext = createToContext(getState);

  async function begin(request: PassportRequest, begun: Begun): Promise<string> {
    const handle = randomBytes(HANDLE_BYTES).toString("base64url");
    await pocket.put(toContext(request), NAME, begun, { key: handle });
    return handle;
  }

  async function complete(
    request: PassportRequest,
    key: unknown,
    client: string,
  ): Promise<Begun | undefined> {
    const begun = await pocket.take(toContext(request), NAME, { key, once: true });
    return begun?.client === client ? begun : undefined;
  }

  // passport-oauth2 passes on as many arguments as these functions have parameters.
  return {
    store(
      request: PassportRequest,
      verifier: string | undefined,
      state: Json | undefined,
      about: About,
      done: Stored,
    ) {
      // passport-openidconnect calls its store in another way. Its strategy passes on what the store throws.
      if (typeof verifier === "object")
        throw new TypeError("oauth2StateStore serves passport-oauth2 and the strategies that extend it.");
      const client = hashClient(about);
      const begun = { client, ...(verifier && { verifier }), ...(state && { state }) };
      settle(begin(request, begun), (handle) => done(null, handle), done);
    },
    verify(request: PassportRequest, handle: unknown, about: About, done: Verified) {
      settle(
        complete(request, handle, hashClient(about)),
        (begun) => (begun ? done(null, begun.verifier ?? true, begun.state) : done(null, false, INVALID)),
        done,
      );
    },
  } as OAuth2StateStore;
}

function hashClient({ authorizationURL, clientID }: About): string {
  return hash("sha256", `${authorizationURL} ${clientID}`, "base64url");
}

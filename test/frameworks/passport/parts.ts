import { Strategy as LocalStrategy } from "passport-local";
import { Strategy as OAuth2Strategy, type StrategyOptions, type VerifyCallback } from "passport-oauth2";
import { Manager, typed } from "sessionup";
import { GatedStore } from "../../support/gated-store.ts";
import type { OAuthProvider } from "./provider.ts";

export interface User {
  readonly id: string;
}

declare global {
  namespace Express {
    interface User {
      readonly id: string;
    }
  }
}

/** The metadata of a session. */
export interface Meta {
  /** How the user signed in. */
  readonly by: "password" | "provider";
  /** The choice that the user made during the session. */
  readonly theme?: string;
}

/** The parts that the apps of all frameworks have. */
export interface AppParts {
  readonly store: GatedStore;
  readonly manager: Manager<Meta, Meta>;
  readonly users: Map<string, User>;
  readonly provider: OAuthProvider;
}

export const PASSWORD = "correct horse";
/** The clients of the app at the provider, and the paths of their callbacks. */
export const CALLBACKS = { app: "/oauth/callback", other: "/other/callback" } as const;

/** Creates the parts with the users `ann` and `bob`. */
export function createParts(provider: OAuthProvider): AppParts {
  const store = new GatedStore();
  const manager = new Manager(store, {
    meta: typed<Meta>(),
    cookie: { sameSite: "lax" },
    keys: ["01234567890123456789012345678901"],
  });
  const users = new Map(["ann", "bob"].map((id) => [id, { id }] as const));
  return { store, manager, users, provider };
}

export function createLocalStrategy({ users }: AppParts): LocalStrategy {
  return new LocalStrategy((name, password, done) => {
    done(null, (password === PASSWORD && users.get(name)) || false);
  });
}

/** Creates the strategy of one of the clients at the provider. */
export function createOAuthStrategy(
  { provider: { origin, secret }, users }: AppParts,
  store: NonNullable<StrategyOptions["store"]>,
  client: keyof typeof CALLBACKS = "app",
): OAuth2Strategy {
  const options: StrategyOptions = {
    authorizationURL: `${origin}/auth`,
    tokenURL: `${origin}/token`,
    clientID: client,
    clientSecret: secret,
    callbackURL: CALLBACKS[client],
    scope: "openid",
    pkce: true,
    state: true,
    store,
  };
  const verify = (
    _access: string,
    _refresh: string,
    profile: { readonly sub: string },
    done: VerifyCallback,
  ) => done(null, users.get(profile.sub) ?? false);
  const strategy = new OAuth2Strategy(options, verify);
  strategy.userProfile = (token, done) => {
    fetch(`${origin}/me`, { headers: { authorization: `Bearer ${token}` } })
      .then((response) => response.json())
      .then((profile) => done(null, profile), done);
  };
  return strategy;
}

import passport from "passport";
import { Strategy as OAuth2Strategy, type VerifyCallback } from "passport-oauth2";
import { connectPassport, oauth2StateStore } from "sessionup/passport";
import { sessions } from "./sessions.ts";

declare global {
  namespace Express {
    interface User {
      readonly id: string;
      readonly name: string;
    }
  }
}

/** Stands for the app's table of users. */
const users = new Map<string, Express.User>();

connectPassport(passport, sessions, {
  findUser: (userKey) => users.get(userKey),
  toUserKey: (user) => user.id,
});

const issuer = process.env.ISSUER ?? "http://localhost:9000";
const origin = process.env.BASE_URL ?? "http://localhost:8080";

async function fetchProfile(accessToken: string): Promise<{ sub: string }> {
  const response = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
  if (!response.ok) throw new Error(`The provider answered with ${response.status}.`);
  return await response.json();
}

const strategy = new OAuth2Strategy(
  {
    authorizationURL: `${issuer}/auth`,
    tokenURL: `${issuer}/token`,
    clientID: "passport",
    clientSecret: "not-a-secret",
    callbackURL: `${origin}/login/callback`,
    scope: "openid",
    state: true,
    pkce: true,
    store: oauth2StateStore(sessions),
  },
  (_accessToken: string, _refreshToken: string, { sub }: { sub: string }, done: VerifyCallback) => {
    const user = { id: `local:${sub}`, name: sub };
    users.set(user.id, user);
    done(null, user);
  },
);
strategy.userProfile = (accessToken, done) => {
  fetchProfile(accessToken).then((profile) => done(null, profile), done);
};
passport.use(strategy);

export { passport };

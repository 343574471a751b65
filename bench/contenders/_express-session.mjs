import session from "express-session";

/**
 * As its documentation recommends: `resave` and `saveUninitialized` off, `regenerate` and `save` at the login and at the
 * logout, and `isAuthenticated` asking for the user in the session. Without a store, the one in memory. It is connect's
 * middleware and runs on `node:http` as well.
 *
 * @param {import("express-session").SessionOptions} [options]
 */
export function expressSession(options) {
  const load = session({ secret: "keyboard cat", resave: false, saveUninitialized: false, ...options });
  return {
    guard(request, response, next) {
      load(request, response, (error) => {
        if (error || request.session.user) return next(error);
        response.statusCode = 401;
        response.end();
      });
    },
    userKey: (request) => request.session.user,
    async login(userKey, request, response) {
      await calling((done) => load(request, response, done));
      await calling((done) => request.session.regenerate(done));
      request.session.user = userKey;
      await calling((done) => request.session.save(done));
    },
    async logout(request) {
      request.session.user = null;
      await calling((done) => request.session.save(done));
      await calling((done) => request.session.regenerate(done));
    },
  };
}

/** A promise of what calls back. */
function calling(/** @type {(done: (error?: unknown) => void) => void} */ call) {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve(undefined))));
}

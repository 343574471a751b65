import session from "express-session";

/**
 * Follows the documentation of express-session: `resave` and `saveUninitialized` are off, login and logout call `regenerate` and
 * `save`, and the guard checks the user in the session. The default store is in memory. The middleware also runs on `node:http`.
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
      await promised((done) => load(request, response, done));
      await promised((done) => request.session.regenerate(done));
      request.session.user = userKey;
      await promised((done) => request.session.save(done));
    },
    async logout(request) {
      request.session.user = null;
      await promised((done) => request.session.save(done));
      await promised((done) => request.session.regenerate(done));
    },
  };
}

/** Turns a callback into a promise. */
function promised(/** @type {(done: (error?: unknown) => void) => void} */ call) {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve(undefined))));
}

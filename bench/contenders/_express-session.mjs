import session from "express-session";

/**
 * As its documentation recommends: `resave` and `saveUninitialized` off, `regenerate` and `save` at the login, and
 * `isAuthenticated` asking for the user in the session. Without a store, the one in memory.
 *
 * @param {import("express-session").Store} [store]
 * @returns {import("./contender.d.ts").Contender}
 */
export function expressSessionOn(store) {
  const load = session({ secret: "keyboard cat", resave: false, saveUninitialized: false, store });
  return {
    authenticate(request, response, next) {
      load(request, response, (error) => {
        if (error || request.session.user) return next(error);
        response.statusCode = 401;
        response.end();
      });
    },
    userKey: (request) => request.session.user,
    login: (request, response, userKey) =>
      new Promise((resolve, reject) => {
        const done = (error) => (error ? reject(error) : resolve());
        load(request, response, (error) => {
          if (error) return reject(error);
          request.session.regenerate((failure) => {
            if (failure) return reject(failure);
            request.session.user = userKey;
            request.session.save(done);
          });
        });
      }),
  };
}

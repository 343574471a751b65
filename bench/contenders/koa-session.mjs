import session from "koa-session";

/** Uses a minimal external store. By default, the sessions are in the cookie and no logout ends them. */
export const koa = () => {
  const sessions = new Map();
  const store = {
    get: async (key) => sessions.get(key),
    set: async (key, value) => void sessions.set(key, value),
    destroy: async (key) => void sessions.delete(key),
  };
  return {
    use(app) {
      app.keys = ["some secret hurr"];
      app.use(session({ store, secure: false }, app));
    },
    async guard(ctx, next) {
      if (ctx.session.user) await next();
      else ctx.status = 401;
    },
    userKey: (ctx) => ctx.session.user,
    login(userKey, ctx) {
      ctx.session = { user: userKey };
    },
    logout(ctx) {
      ctx.session = null;
    },
  };
};

import session from "koa-session";

/** With an external store, the least there can be: its sessions are in the cookie else, and no logout ends them. */
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

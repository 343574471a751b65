import { getIronSession } from "iron-session";

const OPTIONS = { password: "a password of at least 32 characters", cookieName: "iron" };
const SESSION = Symbol("session");

export const node = () => ({
  stateless: true,
  async guard(request, response, next) {
    const session = await getIronSession(request, response, OPTIONS);
    if (session.user) {
      request[SESSION] = session;
      next();
      return;
    }
    response.statusCode = 401;
    response.end();
  },
  userKey: (request) => request[SESSION].user,
  async login(userKey, request, response) {
    const session = await getIronSession(request, response, OPTIONS);
    session.user = userKey;
    await session.save();
  },
  logout: (request) => request[SESSION].destroy(),
});

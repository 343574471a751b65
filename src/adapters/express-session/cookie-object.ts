import type { SetCookie } from "../../exchange.ts";
import type { RequestSessionCookie } from "./session-object.ts";

/** The life of a cookie that outlives the browser session. Times are milliseconds since 1970. */
export interface CookieLife {
  readonly createdAt: number;
  readonly deadline: number;
}

/** Describes a session's cookie. Without a life it ends with the browser session. */
export function createCookieObject(
  { path, domain, secure, httpOnly, sameSite, partitioned }: Omit<SetCookie, "value">,
  life: CookieLife | undefined,
  clock: () => number,
): RequestSessionCookie {
  const cookie: RequestSessionCookie = {
    originalMaxAge: life ? life.deadline - life.createdAt : null,
    get expires() {
      return life ? new Date(life.deadline) : null;
    },
    get maxAge() {
      return life ? life.deadline - clock() : null;
    },
    path,
    domain,
    secure,
    httpOnly,
    sameSite,
    partitioned,
  };
  // A frozen object would silently ignore assignments in code that is not strict.
  return new Proxy<RequestSessionCookie>(cookie, { set: rejectChange });
}

function rejectChange(_cookie: object, name: string | symbol): never {
  const reason = /expires|maxAge/i.test(String(name))
    ? "nothing moves the end of a session. Pass expiresIn to init for a user's session, or to expressSession for visitors"
    : "the manager's option cookie decides it";
  throw new TypeError(`req.session.cookie.${String(name)} cannot change: ${reason}.`);
}

import type { Manager } from "sessionup";
import { signIn } from "sessionup/testing";

/** Firefox on Linux. */
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/** The users of a filled store, each with three sessions. */
export const USERS: readonly string[] = ["ann@example.com", "ben", "日本語の名前", "eve\u001b[31m\nx"];
export const SESSIONS = 12;

/** Signs the users in, each from three addresses. */
export async function fill(manager: Manager): Promise<void> {
  for (const [index, userKey] of USERS.entries())
    for (const last of [1, 2, 3])
      await signIn(manager, userKey, { ip: `203.0.${index}.${last}`, userAgent: USER_AGENT });
}

import { randomUUID } from "node:crypto";
import { cookieHeader, cookiesOf, HEADERS } from "./exchange.mjs";

/** @typedef {{ stateless: boolean, logsOut: boolean, lists: boolean }} Facts */

/**
 * Whether a contender does the job that it is measured at: who asks is known by their own cookie, and nobody else by
 * none, by one that was changed, by one that was logged out. Throws at the first wrong answer.
 *
 * @param {string} url
 * @param {string} name
 * @param {Facts} facts
 */
export async function check(url, name, { stateless, logsOut, lists }) {
  const expect = async (/** @type {string} */ what, /** @type {readonly string[]} */ cookies, expected) => {
    const answer = await ask(url, "/", cookies);
    const got = answer.status === 200 ? answer.body : answer.status;
    if (got !== expected) throw new Error(`${name}: ${what} is answered ${got} instead of ${expected}`);
  };
  const act = async (/** @type {string} */ path, /** @type {readonly string[]} */ cookies) => {
    const { status, body } = await ask(url, path, cookies);
    if (status !== 200) throw new Error(`${name}: ${path} is answered ${status}`);
    return body;
  };

  // Others each time: where a database outlives the process, there are sessions of the last check's.
  const run = randomUUID();
  const [aliceKey, bobKey, carolKey] = [`alice-${run}`, `bob-${run}`, `carol-${run}`];
  const alice = await logIn(url, aliceKey);
  const bob = await logIn(url, bobKey);
  await expect("alice's cookie", alice, aliceKey);
  await expect("bob's cookie", bob, bobKey);
  await expect("no cookie", [], 401);
  for (const index of alice.keys()) {
    for (const place of PLACES) {
      // One to be spoiled: a copy that was changed may end its session.
      const own = await logIn(url, carolKey);
      const forged = own.with(index, forge(own[index] ?? "", place));
      await expect(`a cookie with a letter changed at ${place} of its length`, forged, 401);
    }
  }
  if (lists) {
    const elsewhere = await logIn(url, bobKey);
    const before = await act("/list", bob);
    await act("/revoke-others", bob);
    const after = await act("/list", bob);
    if (before !== "2" || after !== "1") throw new Error(`${name}: lists ${before} and ${after} of 2 and 1`);
    await expect("a cookie that was revoked from elsewhere", elsewhere, 401);
  }
  if (logsOut) {
    await act("/logout", alice);
    // Who keeps nothing on the server cannot end anything there.
    await expect("a cookie after the logout", alice, stateless ? aliceKey : 401);
  }
  await expect("bob's cookie at the end", bob, bobKey);
}

/** In the handle and in what proves it, where the cookie has two parts. */
const PLACES = [0.15, 0.8];

/** Another letter or digit at that place, or behind it. */
function forge(/** @type {string} */ cookie, /** @type {number} */ place) {
  const value = cookie.indexOf("=") + 1;
  const from = value + Math.floor((cookie.length - value) * place);
  // What belongs to an escape such as %2B is none. An id's end may have digits alone.
  const character = /(?<!%|%.)[0-9A-Za-z]/g;
  character.lastIndex = from;
  const at = character.exec(cookie)?.index;
  if (at === undefined) throw new Error("the cookie has nothing to change");
  return `${cookie.slice(0, at)}${cookie[at] === "x" ? "y" : "x"}${cookie.slice(at + 1)}`;
}

/** The cookies of a fresh login. */
export async function logIn(/** @type {string} */ url, /** @type {string} */ userKey) {
  const { status, headers } = await ask(url, `/login/${userKey}`, []);
  const cookies = cookiesOf(headers.getSetCookie());
  if (status !== 200 || cookies.length === 0) throw new Error(`the login is answered ${status}, ${cookies}`);
  return cookies;
}

async function ask(
  /** @type {string} */ url,
  /** @type {string} */ path,
  /** @type {readonly string[]} */ cookies,
) {
  const cookie = cookies.length > 0 ? { cookie: cookieHeader(cookies) } : {};
  const { host: _, ...headers } = HEADERS;
  const response = await fetch(url + path, { headers: { ...headers, ...cookie } });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

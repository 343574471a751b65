import { randomUUID } from "node:crypto";
import { cookieHeader, cookiesOf, HEADERS } from "./exchange.mjs";

/** @typedef {{ stateless: boolean, logsOut: boolean, lists: boolean }} Facts */

/**
 * Checks that a contender does its job: it authenticates each user by their own cookie, and rejects a request without a
 * cookie, with a forged one, or with one that was logged out. Throws at the first wrong response.
 *
 * @param {string} url
 * @param {string} name
 * @param {Facts} facts
 */
export async function check(url, name, { stateless, logsOut, lists }) {
  const expect = async (/** @type {string} */ what, /** @type {readonly string[]} */ cookies, expected) => {
    const answer = await ask(url, "/", cookies);
    const got = answer.status === 200 ? answer.body : answer.status;
    if (got !== expected) throw new Error(`${name}: ${what} got ${got}, expected ${expected}`);
  };
  const act = async (/** @type {string} */ path, /** @type {readonly string[]} */ cookies) => {
    const { status, body } = await ask(url, path, cookies);
    if (status !== 200) throw new Error(`${name}: ${path} got status ${status}, expected 200`);
    return body;
  };

  // New users for each check, because a database that outlives the process has sessions of the previous check.
  const run = randomUUID();
  const [aliceKey, bobKey, carolKey] = [`alice-${run}`, `bob-${run}`, `carol-${run}`];
  const alice = await logIn(url, aliceKey);
  const bob = await logIn(url, bobKey);
  await expect("alice's cookie", alice, aliceKey);
  await expect("bob's cookie", bob, bobKey);
  await expect("no cookie", [], 401);
  for (const index of alice.keys()) {
    for (const place of PLACES) {
      // A session for this forgery alone: a forged copy may end the session.
      const own = await logIn(url, carolKey);
      const forged = own.with(index, forge(own[index] ?? "", place));
      await expect(`a cookie with a character changed at ${place} of its length`, forged, 401);
    }
  }
  if (lists) {
    const elsewhere = await logIn(url, bobKey);
    const before = await act("/list", bob);
    await act("/revoke-others", bob);
    const after = await act("/list", bob);
    if (before !== "2" || after !== "1")
      throw new Error(`${name}: listed ${before} and ${after} sessions, expected 2 and 1`);
    await expect("a cookie that was revoked from elsewhere", elsewhere, 401);
  }
  if (logsOut) {
    await act("/logout", alice);
    // A stateless contender keeps no sessions on the server, so its logout cannot end one.
    await expect("a cookie after the logout", alice, stateless ? aliceKey : 401);
  }
  await expect("bob's cookie at the end", bob, bobKey);
}

/** One place in the id and one in the secret, for a cookie that has both. */
const PLACES = [0.15, 0.8];

/** Changes a letter or digit at the place, or at the next possible one. */
function forge(/** @type {string} */ cookie, /** @type {number} */ place) {
  const value = cookie.indexOf("=") + 1;
  const from = value + Math.floor((cookie.length - value) * place);
  // Skip percent-encoded characters such as %2B.
  const character = /(?<!%|%.)[0-9A-Za-z]/g;
  character.lastIndex = from;
  const at = character.exec(cookie)?.index;
  if (at === undefined) throw new Error("the cookie has no letter or digit to change");
  return `${cookie.slice(0, at)}${cookie[at] === "x" ? "y" : "x"}${cookie.slice(at + 1)}`;
}

/** Logs a user in and returns the cookies. */
export async function logIn(/** @type {string} */ url, /** @type {string} */ userKey) {
  const { status, headers } = await ask(url, `/login/${userKey}`, []);
  const cookies = cookiesOf(headers.getSetCookie());
  if (status !== 200 || cookies.length === 0)
    throw new Error(`the login got status ${status} and the cookies "${cookies}"`);
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

import { formatDuration } from "../duration.ts";
import type { SessionLimit } from "../store.ts";
import type { SessionPolicy } from "./session-policy.ts";

type Said = Omit<SessionPolicy, "words">;

/** What is in force, in sentences. By the data alone: so they say the same. @internal */
export function wordsOf(policy: Said): readonly string[] {
  return Object.freeze([
    ...lifetimeWords(policy),
    nistWords(policy),
    rotationWords(policy),
    limitWords(policy.concurrent),
    ...endWords(policy),
    validateWords(policy.validate),
    cookieWords(policy.cookie),
    originWords(policy.trustedOrigins),
    keptWords(policy.kept),
    ...recognizeWords(policy.recognize),
  ]);
}

function lifetimeWords({ absolute, idle, idleEarly, persistentCookie, provider }: Said): readonly string[] {
  return [
    `A session ends ${span(absolute)} after the login, whatever happens; nothing moves that end, neither use nor a new secret.`,
    idle === null
      ? "It does not end earlier for being unused."
      : `It ends when it was unused for ${span(idle)}, by the server's clock: never later than that after the last request that counts, and at most ${span(idleEarly)} earlier. Requests that a page makes by itself do not count where the app says so, nor does what a browser fetches ahead.`,
    persistentCookie
      ? "The cookie stays when the browser is closed, until the session ends."
      : "The cookie goes when the browser is closed.",
    `Where a login by an identity provider says when its session there ends, ours ends then at the latest. ${
      provider.ends
        ? "The provider's logout ends it at once, where the app passes it on."
        : "The provider's logout does not end it: the store finds no session by the provider's."
    }`,
  ];
}

function nistWords({ nist, longest }: Said): string {
  return nist
    ? `These are within the limits of NIST SP 800-63B-4 for ${nist.toUpperCase()}; a login may be given ${span(longest)} at most, and what would exceed a limit is refused.`
    : `No limits of NIST SP 800-63B-4 are promised: a login may be given ${span(longest)} of its own. Say why, or set the option nist.`;
}

function rotationWords({ rotation }: Said): string {
  return rotation === null
    ? "The cookie's secret is replaced when privileges change and when the user proves again who they are."
    : `The cookie's secret is replaced every ${span(rotation)}, when privileges change, and when the user proves again who they are; an old one that comes back ends the session.`;
}

function limitWords({ max, onExceed }: SessionLimit): string {
  return `A user has at most ${max} ${max === 1 ? "session" : "sessions"} at a time. ${BEYOND[onExceed]}`;
}

const BEYOND: Readonly<Record<SessionLimit["onExceed"], string>> = {
  "evict-oldest": "One more login ends the one that began first.",
  "evict-idlest": "One more login ends the one that was unused for longest.",
  refuse: "One more login is refused.",
};

function endWords({ tombstones, notBefore, clearSiteData }: Said): readonly string[] {
  return [
    tombstones === null
      ? "A session that was ended is forgotten: who comes back with its cookie is not told why."
      : `For ${span(tombstones)} after its end a session is remembered, and who comes back with its cookie is told why it ended.`,
    ...(notBefore === null ? [] : [`Sessions that began before ${notBefore} are refused.`]),
    ...(clearSiteData.length === 0
      ? []
      : [`At a logout the browser is told to clear its ${clearSiteData.join(", ")}, besides the cookie.`]),
  ];
}

function validateWords(validate: Said["validate"]): string {
  if (validate === null) return "A session may be used from another browser or network than it began in.";
  const compared = [
    ...(validate.agent ? ["browser or system"] : []),
    ...(validate.ip ? [validate.ip === "exact" ? "address" : "network"] : []),
  ];
  return `A session that is used from another ${compared.join(", or another ")} than it began in ${CHANGED[validate.onChange]}.`;
}

const CHANGED = {
  refuse: "is refused, and goes on where it began",
  end: "ends",
  report: "is reported, and goes on",
} as const;

function cookieWords({ domain, secure, httpOnly, sameSite, previous }: Said["cookie"]): string {
  const said = [
    secure ? "over https alone" : "over plain http too",
    domain === null ? "to this host alone" : `to ${domain} and all of its subdomains`,
    `${SAME_SITE[sameSite]}; ${httpOnly ? "no script can read it" : "every script of a page can read it"}`,
  ];
  const before = previous.length === 0 ? "" : ` What it was before still counts: ${previous.join(", ")}.`;
  return `The cookie is sent ${said.join(", ")}.${before}`;
}

const SAME_SITE = {
  strict: "with requests from the app's own site alone",
  lax: "with requests from the app's own site and where a link leads in from elsewhere",
  none: "with requests from every site",
} as const;

function originWords(trusted: readonly string[]): string {
  const but = trusted.length === 0 ? "" : `, but for ${trusted.join(", ")}`;
  return `What pages of other origins send to change something is refused${but}, unless a route of the app's allows it.`;
}

function keptWords({ ip, agent, geo }: Said["kept"]): string {
  const kept = [
    ...(ip === false ? [] : [ADDRESS[`${ip}`]]),
    ...(agent ? ["the families of browser and system"] : []),
    ...(geo ? ["where the address is"] : []),
  ];
  return `Of who logs in is kept, as long as the session's record: ${kept.length === 0 ? "nothing" : kept.join(", ")}.`;
}

const ADDRESS = {
  true: "the address",
  prefix: "the address's network",
  hash: "a keyed hash of the address's network",
} as const;

function recognizeWords(recognize: Said["recognize"]): readonly string[] {
  if (recognize === null) return [];
  const by = [
    ...(recognize.sessions ? ["the user's live sessions"] : []),
    ...(recognize.device ? ["a cookie that stays in the browser for 400 days"] : []),
  ];
  return [`Whether a browser was seen before is known at a login, by ${by.join(" and by ")}.`];
}

function span(seconds: number): string {
  return formatDuration(seconds * 1_000);
}

import { formatDuration } from "../duration.ts";
import type { SessionLimit } from "../store.ts";
import type { SessionPolicy } from "./report.ts";

type PolicyData = Omit<SessionPolicy, "words">;

/** Describes a policy in sentences, from its data alone. @internal */
export function describePolicy(policy: PolicyData): readonly string[] {
  return Object.freeze([
    ...describeLifetime(policy),
    describeNist(policy),
    describeRotation(policy),
    describeLimit(policy.concurrent),
    ...describeEnds(policy),
    describeValidation(policy.validate),
    ...(policy.transports.cookie ? [describeCookie(policy.cookie)] : []),
    ...describeApps(policy.transports),
    describeOrigins(policy.trustedOrigins),
    describeKept(policy.kept),
    ...describeRecognition(policy.recognize),
  ]);
}

function describeLifetime(policy: PolicyData): string[] {
  const { absolute, idle, idleEarly, persistentCookie, provider, transports } = policy;
  return [
    `A session ends ${span(absolute)} after the login, regardless of use. Neither activity nor a new secret extends it.`,
    idle === null
      ? "A session has no idle timeout."
      : `A session ends when it has not been used for ${span(idle)} by the server's clock: never later than that after the last request that counts as activity, and at most ${span(idleEarly)} earlier. Prefetched requests do not count, nor do requests that the app excludes, such as polling.`,
    ...(transports.cookie
      ? [
          persistentCookie
            ? "The browser keeps the cookie after it closes, until the session ends."
            : "The browser deletes the cookie when it closes.",
        ]
      : []),
    `When the app states when an identity provider's session ends, a session that began with it ends then at the latest. ${
      provider.ends
        ? "A logout at the provider ends the session at once if the app passes the logout on."
        : "A logout at the provider does not end the session, because the store cannot find it by the provider's session."
    }`,
  ];
}

function describeNist({ nist, longest }: PolicyData): string {
  return nist
    ? `These limits satisfy NIST SP 800-63B-4 for ${nist.toUpperCase()}. A login may set a lifetime of at most ${span(longest)}, and an option that exceeds a limit is rejected.`
    : `The options promise no limits of NIST SP 800-63B-4. A login may set a lifetime of at most ${span(longest)}. Document the reason, or set the option nist.`;
}

function describeRotation({ rotation }: PolicyData): string {
  return rotation === null
    ? "The cookie's secret is replaced when privileges change and when the user authenticates again."
    : `The cookie's secret is replaced every ${span(rotation)}, when privileges change, and when the user authenticates again. Reuse of an old secret ends the session.`;
}

function describeLimit({ max, onExceed }: SessionLimit): string {
  return `A user has at most ${max} ${max === 1 ? "session" : "sessions"} at a time. ${EXCEEDED[onExceed]}`;
}

const EXCEEDED: Readonly<Record<SessionLimit["onExceed"], string>> = {
  "evict-oldest": "A further login ends the session that began first.",
  "evict-idlest": "A further login ends the session that was unused for longest.",
  reject: "A further login is rejected.",
};

function describeEnds({ tombstones, notBefore, clearSiteData }: PolicyData): string[] {
  return [
    tombstones === null
      ? "The store forgets an ended session. A client that returns with its cookie does not learn why the session ended."
      : `The store remembers an ended session for ${span(tombstones)}. A client that returns with its cookie learns why the session ended.`,
    ...(notBefore === null ? [] : [`Sessions that began before ${notBefore} are rejected.`]),
    ...(clearSiteData.length === 0
      ? []
      : [`At logout the browser clears its ${clearSiteData.join(" and ")} besides the cookie.`]),
  ];
}

function describeValidation(validate: PolicyData["validate"]): string {
  if (validate === null)
    return "A session may be used from another browser or network than that of its login.";
  const compared = [
    ...(validate.agent ? ["browser or system"] : []),
    ...(validate.ip ? [validate.ip === "exact" ? "address" : "network"] : []),
  ];
  return `When a session is used from another ${compared.join(", or another ")} than that of its login, ${CHANGED[validate.onChange]}.`;
}

const CHANGED = {
  reject: "the request is rejected and the session continues",
  end: "the session ends",
  report: "the change is reported and the session continues",
} as const;

function describeCookie({ domain, secure, httpOnly, sameSite, previous }: PolicyData["cookie"]): string {
  const parts = [
    secure ? "only over https" : "also over plain http",
    domain === null ? "only to this host" : `to ${domain} and all of its subdomains`,
    SAME_SITE[sameSite],
  ];
  const scripts = httpOnly ? "Scripts cannot read it." : "Every script of a page can read it.";
  const others = previous.length === 0 ? "" : ` Previous cookies are still accepted: ${previous.join(", ")}.`;
  return `The browser sends the cookie ${parts.join(", ")}. ${scripts}${others}`;
}

const SAME_SITE = {
  strict: "and only with requests from the app's own site",
  lax: "and only with requests from the app's own site or when the user follows a link from another site",
  none: "and with requests from any site",
} as const;

function describeApps({ cookie, bearer }: PolicyData["transports"]): string[] {
  if (bearer === null) return [];
  const alone = cookie ? "" : " Browsers get no cookie.";
  const holder = bearer.dpop
    ? "A login may bind the session to a key of the device. Otherwise, any device that has the token can use the session."
    : "Any device that has the token can use the session.";
  return [
    `Apps send their token in the header Authorization, and receive a new one in the header ${bearer.header}. ${holder}${alone}`,
  ];
}

function describeOrigins(trusted: readonly string[]): string {
  const except = trusted.length === 0 ? "" : `, except those of ${trusted.join(", ")},`;
  return `Unsafe requests from pages of other origins${except} are rejected, unless a route of the app allows them.`;
}

function describeKept({ ip, agent, geo }: PolicyData["kept"]): string {
  const kept = [
    ...(ip === false ? [] : [ADDRESS[`${ip}`]]),
    ...(agent ? ["the families of browser and system"] : []),
    ...(geo ? ["the location of the address"] : []),
  ];
  return `The session's record keeps about the client that logged in: ${kept.length === 0 ? "nothing" : kept.join(", ")}.`;
}

const ADDRESS = {
  true: "the address",
  prefix: "the address's network",
  hash: "a keyed hash of the address's network",
} as const;

function describeRecognition(recognize: PolicyData["recognize"]): string[] {
  if (recognize === null) return [];
  const means = [
    ...(recognize.sessions ? ["the user's live sessions"] : []),
    ...(recognize.device ? ["a cookie that stays in the browser for 400 days"] : []),
  ];
  return [`A login is compared with ${means.join(" and with ")} to tell whether the client was seen before.`];
}

function span(seconds: number): string {
  return formatDuration(seconds * 1_000);
}

import type { Exchange } from "../exchange.ts";
import { toNoSession } from "../lifecycle/auth-result.ts";
import { choose } from "../lifecycle/authenticate.ts";
import { createLifecycle, type Lifecycle } from "../lifecycle/lifecycle.ts";
import type { AppLifecycle } from "../options/bearer-transport.ts";
import type { DpopError } from "../options/dpop-proofs.ts";
import type { PreviousCookies } from "../options/previous-cookies.ts";
import type { Recognizer } from "../options/recognizer.ts";
import { continueWith } from "../rules/maybe-promise.ts";
import { toAppName } from "../rules/record.ts";
import type { SessionRecord } from "../store.ts";
import { BearerCarrier, HandedOverCarrier } from "./bearer-carrier.ts";
import type { ParsedBearer } from "./options.ts";
import { verifyBinding } from "./verify-binding.ts";

/** The rejected proofs, until the challenge of the response names them. */
export type RejectedProofs = WeakMap<Exchange, DpopError>;

/**
 * Returns the lifecycle of a manager's apps: the same store, options and events as that of its browsers, with another carrier. A
 * record names its cookie, and a token is valid under that name only. The sessions of apps have a name that no cookie can
 * have, so neither lifecycle accepts the tokens of the other.
 */
export function createAppLifecycle<In, Out>(
  browsers: Lifecycle<In, Out>,
  parsed: ParsedBearer,
  rejectedProofs: RejectedProofs,
): AppLifecycle<In, Out> {
  const { options, repository, events, metadata } = browsers;
  const { base, attributes, previous } = options.cookie;
  const carried = [browsers.cookie, parsed, !options.transports?.hasCookie] as const;
  const tokens: PreviousCookies = {
    names: [],
    // A renamed cookie must not log the apps out.
    bases: previous?.bases.map(toAppName) ?? [],
    check() {},
    createCookie: () => new BearerCarrier(...carried),
    choose(lifecycle, exchange, { tokens, malformed }, verdicts, now, use) {
      const [token] = tokens;
      const [verdict] = verdicts;
      // A malformed request uses no session. It still holds the one that its token proves, which a logout must end.
      const proceed = (held: readonly SessionRecord[] = []) =>
        malformed ? toNoSession("malformed", held) : choose(lifecycle, exchange, tokens, verdicts, now, use);
      if (!token || !verdict?.admitted) return proceed();
      const bound = verifyBinding(lifecycle, exchange, token, verdict, parsed.dpop);
      return continueWith(bound, (result): ReturnType<typeof proceed> => {
        if (result === "ok") return proceed([verdict.record]);
        if (verdict.data.jkt !== undefined) rejectedProofs.set(exchange, result);
        return toNoSession("malformed");
      });
    },
  };
  const cookie = { base: toAppName(base), attributes, previous: tokens };
  const apps = createLifecycle(
    repository.store,
    { ...options, cookie, recognize: options.recognize && withoutCookie(options.recognize, browsers) },
    events,
  );
  // The lifecycle of the browsers emits the ends of all sessions that the store's cleanup removes.
  apps.repository.ignoreCleanup();
  const lifecycle = { ...apps, metadata };
  return {
    ...lifecycle,
    issue: (kept) => ({ ...lifecycle, cookie: new HandedOverCarrier(kept, ...carried) }),
  };
}

/** Recognizes apps among all sessions of the user, and gives them no cookie. */
function withoutCookie(recognizer: Recognizer, { options }: Pick<Lifecycle, "options">): Recognizer {
  return {
    ...recognizer,
    async recognize(login) {
      const { seen } = await recognizer.recognize({ ...login, options });
      const { device: _, ...rest } = seen;
      return { seen: rest, cookie: undefined };
    },
  };
}

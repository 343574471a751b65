import { findFamiliar } from "../client-info/compare.ts";
import type { Recognition } from "../events.ts";
import type { SetCookie } from "../exchange.ts";
import { keysRequired } from "../options/manager-options.ts";
import { parseRecognitionOptions, type RecognitionOptions } from "../options/recognition-options.ts";
import type { Login, Recognizer } from "../options/recognizer.ts";
import { findEndReason } from "../rules/expiry.ts";
import { asBrowser, readRecordData } from "../rules/record.ts";
import { belongsToCookie } from "../rules/verify-token.ts";
import { DeviceCookie } from "../signed/device-cookie.ts";
import { createNetworkMatcher } from "../signed/signer.ts";

export type { RecognitionOptions } from "../options/recognition-options.ts";

/** How many of the user's sessions a login is compared with, the newest first. */
const MAX_COMPARED = 100;

/**
 * Returns the manager's option `recognize`: the event `created` then has `seen`, so that the app can tell users about a
 * login from a new device.
 *
 * Throws `TypeError` for invalid options. The manager throws `TypeError` for `device` without the option `keys`, and for
 * `sessions` when sessions keep neither address nor labels.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { recognition } from "sessionup/recognition";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore(), { recognize: recognition() });
 * manager.events.on("created", ({ userKey, seen }) => {
 *   if (seen?.sessions && !seen.agent) console.log(`${userKey} logged in with a new browser`);
 * });
 * ```
 */
export function recognition(options: RecognitionOptions = {}): Recognizer {
  const { sessions, device } = parseRecognitionOptions(options);
  return Object.freeze({
    sessions,
    device,
    check({ client, signer }) {
      if (sessions && !client.ip && !client.agent)
        throw new TypeError(
          "recognition.sessions requires client.ip or client.agent. Otherwise there is nothing to compare with.",
        );
      if (device && !signer) throw keysRequired("recognition.device");
    },
    async recognize(login) {
      const compared = sessions ? await compareSessions(login) : {};
      const met = device ? meetDevice(login) : undefined;
      return {
        seen: { ...compared, ...(met && { device: met.seen }) },
        cookie: met?.cookie,
      };
    },
  } satisfies Recognizer);
}

async function compareSessions({ options, client, now, readPage }: Login): Promise<Recognition> {
  const { cookie, lifetime, signer } = options;
  const started = (await readPage(MAX_COMPARED)).flatMap((record) => {
    const data = readRecordData(record);
    return data && belongsToCookie(asBrowser(data), cookie) && !findEndReason(record, now, lifetime)
      ? [data]
      : [];
  });
  // Sessions that keep no address cannot be compared by it.
  const { ip, ...rest } = client;
  const known = options.client.ip !== false && ip !== undefined ? client : rest;
  return { sessions: started.length, ...findFamiliar(started, known, createNetworkMatcher(signer)) };
}

function meetDevice({
  options,
  exchange,
  userKey,
  now,
}: Login): { seen: boolean; cookie: SetCookie } | undefined {
  const { cookie, signer } = options;
  return signer && new DeviceCookie(cookie.attributes, signer).meet(exchange, userKey, now);
}

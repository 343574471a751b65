import { toNetwork } from "../client-info/address.ts";
import { type ClientInfo, findFamiliar } from "../client-info/compare.ts";
import { lookUpPlace } from "../client-info/geo.ts";
import type { Events, Recognition, SessionEvents } from "../events.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { Resolved } from "../options/options.ts";
import { findEndReason } from "../rules/expiry.ts";
import { type RecordData, readRecordData } from "../rules/record.ts";
import { belongsToCookie } from "../rules/verify-token.ts";
import type { Ledger } from "./repository.ts";
import { seenClient } from "./seen-client.ts";

/** What was found out about somebody who logs in. @internal */
export interface Arrival {
  /** What is kept of it with the session. */
  readonly kept: Pick<RecordData, "ip" | "network" | "agent" | "geo">;
  /** What `created` tells of it. */
  readonly told: Pick<SessionEvents["created"], "ip" | "agent" | "geo" | "seen">;
  /** By which the browser is known again. */
  readonly device: SetCookie | undefined;
}

/** With so many of the user's sessions a new one is compared, the newest. */
const MOST_COMPARED = 100;

/** Finds out who logs in, as far as the options want to know. @internal */
export class Arrivals {
  readonly #ledger: Ledger;
  readonly #options: Resolved<unknown, unknown>;
  readonly #events: Events;

  constructor(ledger: Ledger, options: Resolved<unknown, unknown>, events: Events) {
    this.#ledger = ledger;
    this.#options = options;
    this.#events = events;
  }

  async of(exchange: Exchange, userKey: string, now: number): Promise<Arrival> {
    const { client, recognize } = this.#options;
    const seen = seenClient(exchange, this.#options, this.#events);
    const shown = {
      ...this.#address(seen),
      ...(seen.agent && { agent: seen.agent }),
      ...(client.geo && seen.ip !== undefined && (await this.#place(seen.ip, now))),
    };
    const kept = { ...shown, ...this.#hash(seen) };
    if (!recognize) return { kept, told: shown, device: undefined };
    const among = recognize.sessions ? await this.#among(userKey, seen, now) : {};
    const device = recognize.device?.meet(exchange, userKey, now);
    const told = { ...shown, seen: { ...among, ...(device && { device: device.seen }) } };
    return { kept, told, device: device?.cookie };
  }

  /** What may be shown of the address. */
  #address({ ip }: ClientInfo): { readonly ip?: string } {
    const mode = this.#options.client.ip;
    if (ip === undefined || mode === false || mode === "hash") return {};
    return { ip: mode === "prefix" ? toNetwork(ip) : ip };
  }

  /** What can only be compared. */
  #hash({ ip }: ClientInfo): { readonly network?: string } {
    const { client, signer } = this.#options;
    if (ip === undefined || client.ip !== "hash" || !signer) return {};
    return { network: signer.sign("address", toNetwork(ip)) };
  }

  async #place(ip: string, at: number): Promise<Pick<RecordData, "geo">> {
    const { geo } = this.#options.client;
    const place =
      geo &&
      (await lookUpPlace(geo, ip, (cause) => {
        this.#events.emit("error", { error: new Error("client.geo failed", { cause }), at });
      }));
    return place === undefined ? {} : { geo: place };
  }

  async #among(userKey: string, seen: ClientInfo, now: number): Promise<Recognition> {
    const { client, cookie, lifetime, signer } = this.#options;
    const records = await this.#ledger.page(userKey, { limit: MOST_COMPARED });
    const started = records.flatMap((record) => {
      const data = readRecordData(record);
      return data && belongsToCookie(data, cookie) && !findEndReason(record, now, lifetime) ? [data] : [];
    });
    const isNetwork = (network: string, kept: string) => signer?.verifies("address", network, kept) ?? false;
    // Where no address is kept there is nothing to compare it with.
    const { ip, ...rest } = seen;
    const known = client.ip !== false && ip !== undefined ? seen : rest;
    return { sessions: started.length, ...findFamiliar(started, known, isNetwork) };
  }
}

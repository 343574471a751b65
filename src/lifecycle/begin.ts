import { toNetwork } from "../client-info/address.ts";
import type { ClientInfo } from "../client-info/compare.ts";
import { type Geo, lookUpPlace } from "../client-info/geo.ts";
import {
  createNextSecret,
  hashRoot,
  hashText,
  randomText,
  type Secret,
  TOKEN_LENGTH,
} from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { SessionEvents } from "../events.ts";
import type { Exchange } from "../exchange.ts";
import type { ParsedInit } from "../options/init-options.ts";
import { computeTimes } from "../rules/expiry.ts";
import { DEFAULT_COOKIE_NAME, type RecordData } from "../rules/record.ts";
import { recordLogin } from "../rules/step-up.ts";
import type { SessionId } from "../session.ts";
import type { SessionRecord } from "../store.ts";
import { type LiveSession, toLiveSession } from "./auth-result.ts";
import { readRequestClient } from "./client.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { WrittenMeta } from "./metadata.ts";
import { toUser } from "./repository.ts";

/** Begins a session, ends the sessions that the browser held, and sets the cookie. @internal */
export async function beginSession<In, Out>(
  lifecycle: Lifecycle<In, Out>,
  exchange: Exchange,
  userKey: string,
  { expiresIn, level, provider, by = toUser(userKey) }: ParsedInit,
  meta: WrittenMeta<Out>,
  held: readonly SessionRecord[],
): Promise<LiveSession<Out>> {
  const { options, repository, cookie, events } = lifecycle;
  const lifetime = { ...options.lifetime, expiresIn: expiresIn ?? options.lifetime.expiresIn };
  const now = options.clock();
  if (provider?.endsAt !== undefined && provider.endsAt <= now) throw SessionError.unauthorized("expired");
  const { kept, shown, recognized } = await identifyClient(lifecycle, exchange, userKey, now);
  const secret = createSecret(options.generateSecret);
  const data: RecordData = {
    v: 1,
    ...(options.cookie.base !== DEFAULT_COOKIE_NAME && { cookie: options.cookie.base }),
    ...cookie.kept,
    ...(lifetime.expiresIn !== undefined && { persistent: true }),
    root: hashRoot(secret),
    secret: hashText(secret),
    ...recordLogin(level, now),
    ...(provider && { provider: provider.kept }),
    ...kept,
    ...(meta.json !== undefined && { meta: meta.json }),
  };
  const times = computeTimes(now, lifetime, provider?.endsAt);
  const link = provider?.link !== undefined && { link: provider.link };
  const replaced = held.find((record) => record.userKey === userKey);
  cookie.assertWritable(exchange);
  const record = await repository.insert({ userKey, revision: 0, ...times, ...link, data }, replaced, by);
  const id = record.id as SessionId;
  events.emit("created", {
    id,
    userKey,
    at: now,
    by,
    ...shown,
    ...(recognized && { seen: recognized.seen }),
  });
  try {
    for (const other of held)
      if (other !== replaced) await repository.endById(other.id, "logout", other.userKey);
    cookie.send(exchange, { id, secret }, options.clock(), record);
    if (recognized?.cookie) exchange.setCookie(recognized.cookie);
  } catch (error) {
    // No cookie leads to the session. If it cannot end either, it expires in time.
    await repository.endById(id, "logout", userKey).catch(() => undefined);
    throw error;
  }
  const accepted = { admitted: true, record, data, match: "current" } as const;
  return toLiveSession(lifecycle, { id, secret }, accepted, meta.parsed, [record], now);
}

function createSecret(generateTurn: () => string): Secret {
  return createNextSecret(randomText(TOKEN_LENGTH.root) as Secret, generateTurn);
}

/** Reads the client of a login: what the session keeps, what `created` shows, and whether it was seen before. */
async function identifyClient(lifecycle: Lifecycle, exchange: Exchange, userKey: string, now: number) {
  const { options, repository } = lifecycle;
  const client = readRequestClient(lifecycle, exchange);
  const shown: Pick<SessionEvents["created"], "ip" | "agent" | "geo"> = {
    ...keepAddress(client, options.client.ip),
    ...(client.agent && { agent: client.agent }),
    // Only a login with a geo function waits for it.
    ...(options.client.geo && (await locate(lifecycle, options.client.geo, client, now))),
  };
  const kept: Pick<RecordData, "ip" | "network" | "agent" | "geo"> = {
    ...shown,
    ...(options.signer &&
      options.client.ip === "hash" &&
      client.ip !== undefined && { network: options.signer.sign("address", toNetwork(client.ip)) }),
  };
  const recognized = await options.recognize?.recognize({
    options,
    exchange,
    userKey,
    client,
    now,
    readPage: (limit) => repository.readPage(userKey, { limit }),
  });
  return { kept, shown, recognized };
}

/** Returns the part of the address that may be shown. */
function keepAddress({ ip }: ClientInfo, mode: boolean | "prefix" | "hash"): { readonly ip?: string } {
  if (ip === undefined || mode === false || mode === "hash") return {};
  return { ip: mode === "prefix" ? toNetwork(ip) : ip };
}

async function locate(
  { events }: Lifecycle,
  geo: Geo,
  { ip }: ClientInfo,
  at: number,
): Promise<Pick<RecordData, "geo">> {
  if (ip === undefined) return {};
  const place = await lookUpPlace(geo, ip, (cause) => {
    events.emit("error", { error: new Error("client.geo failed", { cause }), at });
  });
  return place === undefined ? {} : { geo: place };
}

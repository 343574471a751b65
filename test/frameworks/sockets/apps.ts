import { createRequire } from "node:module";
import { defineHooks, type Hooks, type Peer } from "crossws";
import { makeHooks } from "graphql-ws/use/crossws";
import type { Manager } from "sessionup";
import { type FetchContext, fetchSessions } from "sessionup/fetch";
import { closeWithSession } from "sessionup/live";

// Vite would load another copy of it than graphql-ws does.
const { buildSchema }: typeof import("graphql") = createRequire(import.meta.url)("graphql");

type Hear = (text: string) => void;

/** The hooks of an app on crossws, the same for every runtime. */
export function crosswsHooks(manager: Manager, hear: Hear): Partial<Hooks> {
  return guarded(manager, defineHooks({ message: (_peer, message) => hear(message.text()) }));
}

/** The same with a GraphQL server. */
export function graphqlHooks(manager: Manager, hear: Hear): Partial<Hooks> {
  return guarded(manager, makeHooks(graphqlServer(hear)) as Partial<Hooks>);
}

/** Adds sessions to the hooks of an app. */
function guarded(manager: Manager, hooks: Partial<Hooks>): Partial<Hooks> {
  const sessions = fetchSessions(manager);
  const stops = new WeakMap<Peer, () => void>();
  const upgrade: Hooks["upgrade"] = async (request) => {
    let handshake: FetchContext | undefined;
    const rejection = await sessions.auth((context) => {
      handshake = context;
      return new Response();
    })(request as Request);
    if (!handshake) return rejection;
    return { ...(await hooks.upgrade?.(request)), context: { handshake } };
  };
  const open: Hooks["open"] = (peer) => {
    stops.set(peer, closeWithSession(sessions, peer.context.handshake, peer));
    return hooks.open?.(peer);
  };
  const close: Hooks["close"] = (peer, details) => {
    stops.get(peer)?.();
    return hooks.close?.(peer, details);
  };
  return { ...hooks, upgrade, open, close };
}

/** A GraphQL server that hears the texts of its queries. */
export function graphqlServer(hear: Hear) {
  return {
    schema: buildSchema("type Query { say(text: String!): Boolean }"),
    roots: { query: { say: ({ text }: { text: string }) => hear(text) } },
  };
}

/** The headers and messages of a client of graphql-ws. */
export const GRAPHQL_CLIENT = {
  headers: { "sec-websocket-protocol": "graphql-transport-ws" },
  hello: '{"type":"connection_init"}',
  toMessage: (text: string): string =>
    JSON.stringify({
      id: text,
      type: "subscribe",
      payload: { query: `{ say(text: ${JSON.stringify(text)}) }` },
    }),
};

import type { Store } from "sessionup";
import type { ContractSkip } from "sessionup/testing";
import { afterAll, beforeAll } from "vitest";

/** A group of the suite's tests, beyond the store contract. */
export type Group =
  | "races"
  | "ends"
  | "ended once"
  | "operators"
  | "timeouts"
  | "limits"
  | "lossless"
  | "model";

/** A store with one of its clients, on a real server or file. The store suite runs on it. */
export interface Backend {
  /** The store's name, such as `postgres`. */
  readonly store: string;
  /** The client and its server, such as `pg behind PgBouncer`. */
  readonly client: string;
  readonly skip?: readonly ContractSkip[];
  /** Whether only the store contract runs: another client of the same library runs the whole suite. */
  readonly contractOnly?: boolean;
  /** Whether the store has `subscribe`. Default: false. */
  readonly subscribes?: boolean;
  /** Groups of the suite that run on another backend, by the title of that backend. Default: all groups run. */
  readonly elsewhere?: Readonly<Record<string, readonly Group[]>>;
  /** Starts a server, or prepares the server that an environment variable names. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Opens a store over its own client, as another process would. All stores see the same sessions. */
  open(): Promise<OpenStore>;
  /** Returns the engine and its version for the summary of a run, such as `Redis 7.0.15`. */
  version?(): Promise<string>;
  /** Returns the number of rows, keys and index entries of all sessions: 0 when every session has ended. */
  left(): Promise<number>;
}

export interface OpenStore {
  readonly store: Store;
  /** Closes the store, then the client that the app would close. */
  close(): Promise<void>;
  /** Uses the app's client, even after the store was closed. Absent when the store has no client. */
  ping?(): Promise<unknown>;
  /** Creates another store over the same client. Absent when opening a client takes no time. */
  another?(): Store;
}

/** Opens `count` stores, each over its own client, for the tests of the current `describe`. */
export function openStores(backend: Backend, count: number): () => readonly Store[] {
  const opened: OpenStore[] = [];
  beforeAll(async () => {
    while (opened.length < count) opened.push(await backend.open());
  });
  afterAll(async () => {
    for (const each of opened) await each.close();
  });
  return () => opened.map(({ store }) => store);
}

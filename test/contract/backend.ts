import type { Store } from "sessionup";
import type { ContractSkip } from "sessionup/testing";
import { afterAll, beforeAll } from "vitest";

/** A store with one of its clients, on a real server or file: what the suite of all stores runs on. */
export interface Backend {
  /** Such as `postgres`. */
  readonly store: string;
  /** The client and what it talks to, such as `pg behind PgBouncer`. */
  readonly client: string;
  readonly skip?: readonly ContractSkip[];
  /** Whether only the store contract runs: another client of the same library runs the whole suite. */
  readonly contractOnly?: boolean;
  /** The same client and server without what stands between them, where the races by number run already. */
  readonly racesRunOn?: string;
  /** Starts what it needs: a server of its own, or a connection to the one that the environment names. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A store over a client of its own, as another process would have it; all see the same sessions. */
  open(): Promise<OpenStore>;
  /** What it runs on and its version, such as `Redis 7.0.15`: for the last words of a run. */
  version?(): Promise<string>;
  /** How many rows, keys and index entries there are of all sessions: 0 when everything has ended. */
  left(): Promise<number>;
}

export interface OpenStore {
  readonly store: Store;
  /** Closes the store, then the client that the app would close. */
  close(): Promise<void>;
  /** Uses the app's client, whatever became of the store. Absent where the store has none. */
  ping?(): Promise<unknown>;
}

/** Stores over so many clients, as many processes would have them: there while the tests of this `describe` run. */
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

import type { Session, SessionEvents, SessionId } from "sessionup";
import { type Client, describeClient } from "./clients.ts";
import type { DemoManager } from "./manager.ts";

/** A sign-in, or the end of a session. */
export interface Activity {
  readonly id: SessionId;
  readonly at: number;
  /** Why the session ended. `undefined` for a sign-in. */
  readonly ended: SessionEvents["ended"]["reason"] | undefined;
  /** Whether the user signed in with this browser for the first time. */
  readonly isNew: boolean;
  /** The browser, the system and the place of the sign-in, if the demo saw it. */
  readonly client: Client | undefined;
}

const MAX_ENTRIES = 50;
const MAX_USERS = 1_000;
const NEW_FOR = 7 * 86_400_000;

/** The latest sign-ins and ends of each user, in memory. An app would write them to its database. */
export class ActivityLog {
  readonly #byUser = new Map<string, readonly Activity[]>();

  constructor(events: DemoManager["events"]) {
    events.on("created", ({ id, userKey, at, seen, ...shown }) => {
      const isNew = seen?.sessions !== undefined && seen.sessions > 0 && !seen.device;
      this.#add(userKey, { id, at, ended: undefined, isNew, client: describeClient(shown) });
    });
    events.on("ended", ({ ids, userKey, reason, at }) => {
      if (userKey === undefined) return;
      for (const id of ids) {
        const client = this.#findSignIn(userKey, id)?.client;
        this.#add(userKey, { id, at, ended: reason, isNew: false, client });
      }
    });
  }

  /** Returns the entries of a user, newest first. */
  list(userKey: string): readonly Activity[] {
    return this.#byUser.get(userKey) ?? [];
  }

  /** Whether a session began with a new device, at most a week ago. */
  isNew({ userKey, id }: Pick<Session, "userKey" | "id">, now: number): boolean {
    const signIn = this.#findSignIn(userKey, id);
    return signIn?.isNew === true && now - signIn.at < NEW_FOR;
  }

  #findSignIn(userKey: string, id: SessionId): Activity | undefined {
    return this.list(userKey).find((entry) => entry.id === id && entry.ended === undefined);
  }

  #add(userKey: string, entry: Activity): void {
    const entries = [entry, ...this.list(userKey)].slice(0, MAX_ENTRIES);
    // Moves the user to the end of the map, whose first user is the one that was inactive for the longest time.
    this.#byUser.delete(userKey);
    this.#byUser.set(userKey, entries);
    const [oldest] = this.#byUser.keys();
    if (this.#byUser.size > MAX_USERS && oldest !== undefined) this.#byUser.delete(oldest);
  }
}

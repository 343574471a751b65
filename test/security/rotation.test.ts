import { describe, expect, it } from "vitest";
import { type Kind, Visitor, World } from "./_rotation-world.ts";

/** The number of requests from honest browsers. `ROTATION_REQUESTS=1000000` is the long run. */
const REQUESTS = Number(process.env.ROTATION_REQUESTS ?? 60_000);
const PER_BROWSER = 600;
const THEFTS = Math.max(60, REQUESTS / 1_000);
/** The duration of a slow handler, in seconds. */
const HELD = 90;
/** The same for apps that rotate explicitly, which retires secrets that were issued more than a minute earlier. */
const HELD_BESIDE_ROTATION = 45;
const HOUR = 3_600_000;

/** The behavior of an app. */
interface App {
  /** Whether the app calls `rotate` and `reauthenticate`. */
  readonly rotates: boolean;
  /** The duration of its slow handlers, in seconds. */
  readonly held: number;
}

const APP: App = { rotates: true, held: HELD_BESIDE_ROTATION };
const APP_WITHOUT_ROTATION: App = { rotates: false, held: HELD };

/** Chooses the next request of a tab. Most requests only read. */
function chooseKind(world: World, { rotates }: App): Kind {
  const dice = world.random();
  if (!rotates && dice < 0.01) return "auth";
  if (dice < 0.005) return "reauthenticate";
  if (dice < 0.01) return "rotate";
  if (dice < 0.03) return "updateMeta";
  if (dice < 0.08) return "prefetch";
  return dice < 0.18 ? "public" : "auth";
}

/** Simulates a browser with two tabs on an unreliable network. Calls `onRejected` for each rejected request. */
function browse(
  world: World,
  browser: Visitor,
  onRejected: (reason: string) => void,
  most: number,
  app: App = APP,
): void {
  async function step(kind: Kind): Promise<void> {
    if (world.requests >= most) return;
    const { cookie } = browser;
    let handled = await browser.send(kind, cookie);
    if (handled.rejected) onRejected(handled.rejected);
    // A proxy repeats the request and forwards one of the two responses.
    if (world.chance(0.02)) {
      const again = await browser.send(kind, cookie);
      if (again.rejected) onRejected(again.rejected);
      if (kind !== "rotate" && world.chance(0.5)) handled = again;
    }
    const answered = handled;
    const acts = kind === "rotate" || kind === "reauthenticate";
    const lost = kind !== "rotate" && world.chance(0.1);
    const takes = acts ? world.pause(1) : world.chance(0.05) ? app.held : world.pause(0.3);
    if (!lost) world.after(takes, () => browser.receive(answered));
    // A user who has typed a password always retries. Of the others, half retry.
    if (lost && (kind === "reauthenticate" || world.chance(0.5))) return world.after(2, () => step(kind));
    const idle = world.chance(0.01) ? 7_200 : 0;
    const waits = world.chance(0.5) ? takes : 0.1;
    world.after(waits + world.pause(20) + idle, () => step(chooseKind(world, app)));
  }
  for (let tab = 0; tab < 2; tab++) world.after(world.pause(5), () => step(chooseKind(world, app)));
}

describe("rotation", () => {
  it.each([
    ["that never rotates explicitly", APP_WITHOUT_ROTATION],
    ["that rotates explicitly", APP],
  ] as const)(
    `rotation rejects no honest browser in ${REQUESTS} requests with lost responses, slow handlers, two tabs, retries and proxies, in an app %s`,
    async (_, app) => {
      let made = 0;
      let rotated = 0;
      for (let seed = 1; made < REQUESTS; seed++) {
        const world = new World(seed);
        world.manager.events.on("rotated", () => rotated++);
        const alarms: string[] = [];
        const browser = await world.login();
        browse(world, browser, (reason) => alarms.push(reason), PER_BROWSER, app);
        await world.run(() => alarms.length > 0);
        expect(alarms, `seed ${seed}, after ${world.requests} requests`).toEqual([]);
        made += world.requests;
        await world.manager.close();
      }
      // Without rotations the test would prove nothing.
      expect(rotated).toBeGreaterThan(REQUESTS / 20);
    },
    600_000,
  );

  it.each(["polls", "waits", "races"] as const)(
    "rotation detects every thief that %s, and then rejects both the user and the thief",
    async (does) => {
      for (let seed = 1; seed <= THEFTS; seed++) {
        const world = new World(seed);
        const user = await world.login();
        const thief = new Visitor(world, "");
        let out = false;
        browse(
          world,
          user,
          () => {
            out = true;
          },
          Number.POSITIVE_INFINITY,
        );
        const steal = async () => {
          thief.cookie = user.cookie;
          if (does === "waits") world.after(600 + world.pause(3_600), use);
          else await use();
        };
        const use = async (): Promise<void> => {
          if (world.requests >= PER_BROWSER) return;
          const racing = does === "races" ? [user.send("auth"), thief.send("auth")] : [thief.send("auth")];
          const handled = await Promise.all(racing);
          if (handled.some(({ rejected }) => rejected)) out = true;
          for (const each of handled) (each === handled.at(-1) ? thief : user).receive(each);
          world.after(does === "races" ? 20 : world.pause(30), use);
        };
        world.after(world.pause(600), steal);
        await world.run(() => out);
        // Detection ends the session for the user and the thief.
        expect(out, `seed ${seed}`).toBe(true);
        for (const each of [user, thief])
          expect((await each.send("auth")).rejected, `seed ${seed}`).toBeDefined();
        await world.manager.close();
      }
    },
    600_000,
  );

  /** The tactics of a thief that never presents a new secret, or only when this avoids detection. */
  const TACTICS = ["discards", "hoards", "times the arrival of"] as const;
  const cases = TACTICS.flatMap((does) => [1, 5, 30, 300].map((seconds) => [does, seconds] as const));

  it.each(cases)(
    "rotation detects every thief that %s new secrets and polls every %i s",
    async (does, seconds) => {
      for (let seed = 1; seed <= THEFTS / 3; seed++) {
        const world = new World(seed);
        const user = await world.login();
        let out = false;
        const found = () => {
          out = true;
        };
        // An explicit rotation would end the stolen copy without any detection.
        browse(world, user, found, Number.POSITIVE_INFINITY, APP_WITHOUT_ROTATION);
        const stolen = new Visitor(world, "");
        let stolenAt = Number.POSITIVE_INFINITY;
        const steal = (): Promise<void> => {
          stolen.cookie = user.cookie;
          stolenAt = world.clock.now();
          return poll();
        };
        const taken: Array<{ readonly cookie: string; readonly at: number }> = [];
        const poll = async (): Promise<void> => {
          const now = world.clock.now();
          // One in ten requests of a hoarder presents a secret from an earlier response, once.
          const hoarded = does === "hoards" && world.chance(0.1) ? taken.shift()?.cookie : undefined;
          const handled = await stolen.send("auth", hoarded);
          if (handled.rejected) return found();
          const thief = new Visitor(world, "");
          thief.receive(handled);
          if (thief.cookie) taken.push({ cookie: thief.cookie, at: now });
          world.after(
            does === "times the arrival of" ? secondsUntilSlot(taken, now, seconds) : seconds,
            poll,
          );
        };
        world.after(world.pause(600), steal);
        await world.run(() => out || world.clock.now() > stolenAt + 8 * HOUR);
        expect(out, `seed ${seed}, stolen for eight hours`).toBe(true);
        world.clock.advance("2m");
        for (const cookie of [user.cookie, stolen.cookie, ...taken.map((each) => each.cookie)])
          expect((await user.send("auth", cookie)).rejected, `seed ${seed}`).toBeDefined();
        await world.manager.close();
      }
    },
    600_000,
  );

  it.each(["rotate", "reauthenticate"] as const)(
    "%s ends secrets that a thief collected earlier",
    async (kind) => {
      const world = new World(1);
      const user = await world.login();
      const hoarded: string[] = [];
      for (let minute = 0; minute < 3; minute++) {
        world.clock.advance("1m");
        const thief = new Visitor(world, user.cookie);
        thief.receive(await thief.send("auth"));
        hoarded.push(thief.cookie);
      }
      expect(new Set([...hoarded, user.cookie]).size).toBe(4);
      world.clock.advance("61s");
      user.receive(await user.send(kind));
      world.clock.advance("29s");
      expect((await user.send("public", hoarded[0])).rejected).toBeUndefined();
      world.clock.advance("1s");
      expect((await user.send("auth")).rejected).toBeUndefined();
      for (const cookie of hoarded) expect((await user.send("auth", cookie)).rejected).toBeDefined();
      expect((await user.send("auth")).rejected).toBe("unknown");
    },
  );

  it("documented exception: a browser that restores an older cookie after a crash is treated as a thief", async () => {
    const world = new World(1);
    const browser = await world.login();
    const restored = browser.cookie;
    for (let minute = 0; minute < 5; minute++) {
      world.clock.advance("1m");
      browser.receive(await browser.send("auth"));
    }
    expect((await browser.send("auth")).rejected).toBeUndefined();
    browser.cookie = restored;
    expect((await browser.send("auth")).rejected).toBe("reused");
  });
});

/** Returns the seconds until a client that presents no new secret can receive the next one, or until the next poll. */
function secondsUntilSlot(
  taken: ReadonlyArray<{ readonly at: number }>,
  now: number,
  seconds: number,
): number {
  const lately = taken.slice(-4);
  const last = lately.at(-1);
  if (!last) return seconds;
  const slot =
    lately.length < 4 ? last.at + 30_000 : Math.max(last.at + 30_000, (lately[0]?.at ?? now) + 600_000);
  return slot > now ? (slot - now) / 1_000 : seconds;
}

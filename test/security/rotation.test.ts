import { describe, expect, it } from "vitest";
import { type Kind, Visitor, World } from "./_rotation-world.ts";

/** Requests of honest browsers that are made here; the long run has a million: `ROTATION_REQUESTS=1000000`. */
const REQUESTS = Number(process.env.ROTATION_REQUESTS ?? 60_000);
const PER_BROWSER = 600;
const THEFTS = Math.max(60, REQUESTS / 1_000);
/** Seconds that a slow handler takes. */
const HELD = 90;
/** The same in apps that rotate explicitly, which retires what was issued more than a minute earlier. */
const HELD_BESIDE_ROTATION = 45;
const HOUR = 3_600_000;

/** How the app of a browser behaves. */
interface App {
  /** Whether it calls `rotate` and `reauthenticate`. */
  readonly rotates: boolean;
  /** Seconds that its slow handlers take. */
  readonly held: number;
}

const APP: App = { rotates: true, held: HELD_BESIDE_ROTATION };
const APP_WITHOUT_ROTATION: App = { rotates: false, held: HELD };

/** What a tab does next: rarely more than to look. */
function kindOf(world: World, { rotates }: App): Kind {
  const dice = world.random();
  if (!rotates && dice < 0.01) return "auth";
  if (dice < 0.005) return "reauthenticate";
  if (dice < 0.01) return "rotate";
  if (dice < 0.03) return "updateMeta";
  if (dice < 0.08) return "prefetch";
  return dice < 0.18 ? "public" : "auth";
}

/** A browser with two tabs, on a bad line: what is refused comes to `refused`. */
function browse(
  world: World,
  browser: Visitor,
  refused: (reason: string) => void,
  most: number,
  app: App = APP,
): void {
  async function step(kind: Kind): Promise<void> {
    if (world.requests >= most) return;
    const { cookie } = browser;
    let handled = await browser.send(kind, cookie);
    if (handled.refused) refused(handled.refused);
    // A proxy sends it once more; one of the two answers comes back.
    if (world.chance(0.02)) {
      const again = await browser.send(kind, cookie);
      if (again.refused) refused(again.refused);
      if (kind !== "rotate" && world.chance(0.5)) handled = again;
    }
    const answered = handled;
    const acts = kind === "rotate" || kind === "reauthenticate";
    const lost = kind !== "rotate" && world.chance(0.1);
    const takes = acts ? world.pause(1) : world.chance(0.05) ? app.held : world.pause(0.3);
    if (!lost) world.after(takes, () => browser.receive(answered));
    // Who has typed a password tries again; else some do, and some leave.
    if (lost && (kind === "reauthenticate" || world.chance(0.5))) return world.after(2, () => step(kind));
    const idle = world.chance(0.01) ? 7_200 : 0;
    const waits = world.chance(0.5) ? takes : 0.1;
    world.after(waits + world.pause(20) + idle, () => step(kindOf(world, app)));
  }
  for (let tab = 0; tab < 2; tab++) world.after(world.pause(5), () => step(kindOf(world, app)));
}

describe("rotation", () => {
  it.each([
    ["that never rotates explicitly", APP_WITHOUT_ROTATION],
    ["that rotates explicitly", APP],
  ] as const)(
    `raises no false alarm in ${REQUESTS} requests over lost answers, slow handlers, two tabs, retries and proxies, in an app %s`,
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
      // Else nothing would be shown.
      expect(rotated).toBeGreaterThan(REQUESTS / 20);
    },
    600_000,
  );

  it.each(["polls", "waits", "races"] as const)(
    "finds every thief who %s, and leaves none in when the user is out",
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
          if (handled.some(({ refused }) => refused)) out = true;
          for (const each of handled) (each === handled.at(-1) ? thief : user).receive(each);
          world.after(does === "races" ? 20 : world.pause(30), use);
        };
        world.after(world.pause(600), steal);
        await world.run(() => out);
        // Whoever was found out: the session is over, for both.
        expect(out, `seed ${seed}`).toBe(true);
        for (const each of [user, thief])
          expect((await each.send("auth")).refused, `seed ${seed}`).toBeDefined();
        await world.manager.close();
      }
    },
    600_000,
  );

  /** What a thief does who never presents a new secret, or only when it helps to stay unnoticed. */
  const TACTICS = ["discards", "hoards", "times the arrival of"] as const;
  const cases = TACTICS.flatMap((does) => [1, 5, 30, 300].map((seconds) => [does, seconds] as const));

  it.each(cases)(
    "finds every thief who %s new secrets and polls every %i s",
    async (does, seconds) => {
      for (let seed = 1; seed <= THEFTS / 3; seed++) {
        const world = new World(seed);
        const user = await world.login();
        let out = false;
        const found = () => {
          out = true;
        };
        // An explicit rotation would end the copy by itself.
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
          // One in ten requests of a hoarder uses a secret that it was sent, and never again.
          const hoarded = does === "hoards" && world.chance(0.1) ? taken.shift()?.cookie : undefined;
          const handled = await stolen.send("auth", hoarded);
          if (handled.refused) return found();
          const thief = new Visitor(world, "");
          thief.receive(handled);
          if (thief.cookie) taken.push({ cookie: thief.cookie, at: now });
          world.after(does === "times the arrival of" ? untilSlot(taken, now, seconds) : seconds, poll);
        };
        world.after(world.pause(600), steal);
        await world.run(() => out || world.clock.now() > stolenAt + 8 * HOUR);
        expect(out, `seed ${seed}, stolen for eight hours`).toBe(true);
        world.clock.advance("2m");
        for (const cookie of [user.cookie, stolen.cookie, ...taken.map((each) => each.cookie)])
          expect((await user.send("auth", cookie)).refused, `seed ${seed}`).toBeDefined();
        await world.manager.close();
      }
    },
    600_000,
  );

  it.each(["rotate", "reauthenticate"] as const)(
    "%s ends secrets that were hoarded before it",
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
      expect((await user.send("public", hoarded[0])).refused).toBeUndefined();
      world.clock.advance("1s");
      expect((await user.send("auth")).refused).toBeUndefined();
      for (const cookie of hoarded) expect((await user.send("auth", cookie)).refused).toBeDefined();
      expect((await user.send("auth")).refused).toBe("unknown");
    },
  );

  it("has one written exception: a browser that comes back from a crash with an older jar is taken for a thief", async () => {
    const world = new World(1);
    const browser = await world.login();
    const restored = browser.cookie;
    for (let minute = 0; minute < 5; minute++) {
      world.clock.advance("1m");
      browser.receive(await browser.send("auth"));
    }
    expect((await browser.send("auth")).refused).toBeUndefined();
    browser.cookie = restored;
    expect((await browser.send("auth")).refused).toBe("reused");
  });
});

/** Seconds until the next secret can be issued to somebody who presents none, or until the next poll. */
function untilSlot(taken: ReadonlyArray<{ readonly at: number }>, now: number, seconds: number): number {
  const lately = taken.slice(-4);
  const last = lately.at(-1);
  if (!last) return seconds;
  const slot =
    lately.length < 4 ? last.at + 30_000 : Math.max(last.at + 30_000, (lately[0]?.at ?? now) + 600_000);
  return slot > now ? (slot - now) / 1_000 : seconds;
}

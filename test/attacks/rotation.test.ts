import { describe, expect, it } from "vitest";
import { type Kind, Visitor, World } from "./_rotation-world.ts";

/** Requests of honest browsers that are made here; the long run has a million: `ROTATION_REQUESTS=1000000`. */
const REQUESTS = Number(process.env.ROTATION_REQUESTS ?? 60_000);
const PER_BROWSER = 600;
const THEFTS = Math.max(60, REQUESTS / 1_000);
const HELD = 90;

/** What a tab does next: rarely more than to look. */
function kindOf(world: World): Kind {
  const dice = world.random();
  if (dice < 0.005) return "reauthenticate";
  if (dice < 0.01) return "rotate";
  if (dice < 0.03) return "updateMeta";
  if (dice < 0.08) return "prefetch";
  return dice < 0.18 ? "public" : "auth";
}

/** A browser with two tabs, on a bad line: what is refused comes to `refused`. */
function browse(world: World, browser: Visitor, refused: (reason: string) => void, most: number): void {
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
    const takes = acts ? world.pause(1) : world.chance(0.05) ? HELD : world.pause(0.3);
    if (!lost) world.after(takes, () => browser.receive(answered));
    // Who has typed a password tries again; else some do, and some leave.
    if (lost && (kind === "reauthenticate" || world.chance(0.5))) return world.after(2, () => step(kind));
    const idle = world.chance(0.01) ? 7_200 : 0;
    const waits = world.chance(0.5) ? takes : 0.1;
    world.after(waits + world.pause(20) + idle, () => step(kindOf(world)));
  }
  for (let tab = 0; tab < 2; tab++) world.after(world.pause(5), () => step(kindOf(world)));
}

describe("rotation", () => {
  it(`raises no false alarm in ${REQUESTS} requests over lost answers, held handlers, two tabs, retries and proxies`, async () => {
    let made = 0;
    let rotated = 0;
    for (let seed = 1; made < REQUESTS; seed++) {
      const world = new World(seed);
      world.manager.events.on("rotated", () => rotated++);
      const alarms: string[] = [];
      const browser = await world.login();
      browse(world, browser, (reason) => alarms.push(reason), PER_BROWSER);
      await world.run(() => alarms.length > 0);
      expect(alarms, `seed ${seed}, after ${world.requests} requests`).toEqual([]);
      made += world.requests;
      await world.manager.close();
    }
    // Else nothing would be shown.
    expect(rotated).toBeGreaterThan(REQUESTS / 20);
  }, 600_000);

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

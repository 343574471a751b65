import { cookieHeader, cookiesOf } from "../exchange.mjs";
import { Target } from "../load.mjs";
import { table } from "../report.mjs";
import { countingPostgres, countingRedis } from "../round-trips.mjs";
import { alternate } from "../rounds.mjs";
import { spreadOf } from "../statistics.mjs";

const CONTENDERS = ["floor", "sessionup", "express-session", "better-auth"];
const LISTED = 10;
const REVOKED = 100;
/** The repetitions of quick actions within a round, of which the median counts. */
const REPEATS = { full: 10, quick: 3 };
const ACTIONS = {
  authenticate: "authenticate",
  login: "login",
  logout: "logout",
  list: `list ${LISTED}`,
  revoke: `revoke others of ${REVOKED}`,
};

const DATABASES = {
  memory: async () => ({ kind: "memory", url: "", roundTrips: async () => 0, stop: async () => {} }),
  redis: countingRedis,
  postgres: countingPostgres,
};

/**
 * Operations besides authentication: one request at a time, on node:http, with no network except the database's. Measures the time
 * until the response has ended, and the round trips to the database.
 *
 * @type {import("../section.d.ts").Section<Record<string, import("../report.mjs").Samples>>}
 */
export const operations = {
  name: "operations",

  async run({ quick, stores }) {
    /** @type {Record<string, import("../report.mjs").Samples>} */
    const results = {};
    for (const [name, start] of Object.entries(DATABASES)) {
      if (stores && !stores.includes(name)) continue;
      const database = /** @type {import("../round-trips.mjs").CountingDatabase} */ (await start());
      try {
        results[name] = await alternate({
          contenders: CONTENDERS,
          ...(quick ? { generations: 1, warmUps: 1, rounds: 1 } : { generations: 1, warmUps: 3, rounds: 12 }),
          start: (contender) => new Target("node", contender, database).start(),
          measure: (target) => measure(target, database, quick ? REPEATS.quick : REPEATS.full),
          stop: (target) => target.stop(),
        });
      } finally {
        await database.stop();
      }
    }
    return results;
  },

  text: (results) =>
    [
      "## Besides authentication: microseconds per operation (round trips to the database), one at a time on node:http",
      table(
        ["", "", ...Object.values(ACTIONS)],
        Object.entries(results).flatMap(([database, samples]) =>
          Object.entries(samples).map(([contender, figures]) => [
            database,
            contender,
            ...Object.keys(ACTIONS).map((action) => cell(figures, action)),
          ]),
        ),
      ),
      "A dash means that the contender lacks the operation. The samples in the result file have the quartiles.",
    ].join("\n\n"),
};

function cell(/** @type {Record<string, number[]>} */ figures, /** @type {string} */ action) {
  const micros = figures[action];
  if (!micros) return "–";
  const trips = spreadOf(figures[`${action} trips`] ?? []).median;
  return `${Math.round(spreadOf(micros).median)} (${trips})`;
}

let users = 0;

/** Measures each action. Its preparation is not timed. */
async function measure(
  /** @type {Target} */ target,
  /** @type {import("../round-trips.mjs").CountingDatabase} */ database,
  /** @type {number} */ repeats,
) {
  const { lists } = await target.facts();
  /** @type {Record<string, number[]>} */
  const samples = {};
  const note = (/** @type {string} */ name, /** @type {number} */ sample) => {
    samples[name] ??= [];
    samples[name].push(sample);
  };
  const user = `operator-${users++}`;

  const act = async (/** @type {string} */ path, /** @type {string | undefined} */ cookie, expected = "") => {
    const answer = await target.ask("operate", { path, cookie });
    if (answer.status !== 200 || answer.body !== expected) {
      throw new Error(`${path} got ${answer.status} "${answer.body}", expected "${expected}"`);
    }
    return answer;
  };
  const timed = async (
    /** @type {string} */ action,
    /** @type {[path: string, cookie?: string, expected?: string]} */ ...request
  ) => {
    const before = await database.roundTrips();
    const answer = await act(...request);
    note(action, answer.micros);
    note(`${action} trips`, (await database.roundTrips()) - before);
    return answer;
  };
  const login = async (/** @type {string} */ name) =>
    cookieHeader(cookiesOf((await act(`/login/${name}`, undefined)).setCookie));

  // A user's first login may be a registration.
  await login(user);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { setCookie } = await timed("login", `/login/${user}`);
    const cookie = cookieHeader(cookiesOf(setCookie));
    await act("/", cookie, user);
    await timed("authenticate", "/", cookie, user);
    await timed("logout", "/logout", cookie);
  }
  if (!lists) return medians(samples);

  const logins = async (/** @type {string} */ name, /** @type {number} */ count) => {
    for (let index = 1; index < count; index++) await login(name);
    return login(name);
  };
  const listed = await logins(`${user}-lists`, LISTED);
  for (let repeat = 0; repeat < repeats; repeat++) await timed("list", "/list", listed, String(LISTED));
  const last = await logins(`${user}-revokes`, REVOKED);
  await timed("revoke", "/revoke-others", last);
  await act("/list", last, "1");
  return medians(samples);
}

const medians = (/** @type {Record<string, number[]>} */ samples) =>
  Object.fromEntries(Object.entries(samples).map(([name, each]) => [name, spreadOf(each).median]));

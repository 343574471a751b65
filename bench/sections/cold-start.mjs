import { child } from "../child.mjs";
import { spreadText, table } from "../report.mjs";
import { spreadOf } from "../statistics.mjs";
import { SUBPATHS } from "../subpaths.mjs";

/** The figure of sessionup/nest includes the framework's modules that it imports, which an app has anyway. */
/** @type {import("../section.d.ts").Section<Record<string, number[]>>} */
export const coldStart = {
  name: "cold-start",
  async run({ quick }) {
    const samples = /** @type {Record<string, number[]>} */ (
      Object.fromEntries(SUBPATHS.map(({ name }) => [name, []]))
    );
    const rounds = quick ? 1 : 15;
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index < SUBPATHS.length; index++) {
        const { name, url } = SUBPATHS[(index + round) % SUBPATHS.length] ?? { name: "", url: "" };
        samples[name]?.push((await child("import.mjs", { url })).took);
      }
    }
    return samples;
  },
  text: (samples) =>
    [
      `## Cold start: ms per import in a fresh process, ${Object.values(samples)[0]?.length} rounds`,
      table(
        ["", "ms"],
        Object.entries(samples).map(([name, each]) => [name, spreadText(spreadOf(each), 1)]),
      ),
    ].join("\n\n"),
};

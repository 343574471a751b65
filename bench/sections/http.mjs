import { httpText, overHttp } from "./_over-http.mjs";

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const overNode = {
  name: "node",
  run: ({ quick }) =>
    overHttp(
      "node",
      ["bare", "bare again", "floor", "sessionup"],
      quick
        ? { generations: 2, warmUps: 12, rounds: 8, requests: 1_500 }
        : { generations: 4, warmUps: 20, rounds: 30, requests: 1_500 },
    ),
  text: (samples) => httpText("node:http", samples),
};

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const overExpress = {
  name: "express",
  run: ({ quick }) =>
    overHttp(
      "express",
      ["bare", "bare again", "sessionup", "express-session"],
      quick
        ? { generations: 2, warmUps: 10, rounds: 8, requests: 750 }
        : { generations: 4, warmUps: 15, rounds: 25, requests: 1_000 },
    ),
  text: (samples) => httpText("Express", samples),
};

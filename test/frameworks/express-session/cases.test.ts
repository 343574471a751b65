/**
 * The cases of express-session 1.19.0's own test suite (`test/session.js` and `test/cookie.js` of its repository), written anew
 * for `sessionup/express-session`.
 */
import { describe, expect, it } from "vitest";
import { ROOT } from "../../support/entries.ts";
import { EXPRESS } from "./_site.ts";
import type { Result } from "./cases/_case.ts";
import { COOKIE } from "./cases/cookie.ts";
import { MIDDLEWARE } from "./cases/middleware.ts";
import { OPTIONS } from "./cases/options.ts";
import { SESSION } from "./cases/session.ts";

const CASES = [...MIDDLEWARE, ...OPTIONS, ...SESSION, ...COOKIE];

const RESULTS: Readonly<Record<Result, string>> = {
  same: "same",
  different: "different",
  none: "does not apply",
};

describe.each([...EXPRESS])("express-session's own cases on %s", (_version, express) => {
  it.each(CASES.map((each) => [`${each.group}: ${each.title} (${RESULTS[each.result]})`, each] as const))(
    "%s",
    (_title, { run }) => run(express),
  );
});

it("no two cases have the same title", () => {
  const titles = CASES.map(({ group, title }) => `${group}: ${title}`);
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
});

it("each case that differs or does not apply says why", () => {
  expect(CASES.filter(({ result, why }) => (result === "same") !== (why === undefined))).toEqual([]);
});

it("the page of the documentation lists the cases", async () => {
  await expect(toPage()).toMatchFileSnapshot(`${ROOT}docs/reference/express-session-cases.md`);
});

/** Returns docs/reference/express-session-cases.md. */
function toPage(): string {
  const count = (result: Result) => CASES.filter((each) => each.result === result).length;
  const lines = [
    "# The cases of express-session",
    "",
    "<!-- Generated from test/frameworks/express-session/cases/: npx vitest run test/frameworks/express-session/cases.test.ts -u -->",
    "",
    `express-session 1.19.0 has ${CASES.length} cases in its own test suite. Each was written anew for [\`sessionup/express-session\`](../guides/req-session.md), and runs on Express 4 and 5.`,
    "",
    `- ${count("same")} cases have the **same** result.`,
    `- ${count("different")} cases have a **different** result. The test checks the one described here.`,
    `- ${count("none")} cases do **not apply**. The test checks that the option is rejected, or what holds instead.`,
  ];
  for (const group of new Set(CASES.map((each) => each.group))) {
    lines.push("", `## ${group}`, "", "| Case | Result | Why |", "|---|---|---|");
    for (const { title, result, why = "" } of CASES.filter((each) => each.group === group))
      lines.push(`| ${title.replace(/^./, (first) => first.toUpperCase())} | ${RESULTS[result]} | ${why} |`);
  }
  return `${lines.join("\n")}\n`;
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns, joined } from "../../../test/support/fuzz.ts";
import {
  APPS,
  BOTS,
  BROWSERS,
  createTable,
  ENGINES,
  findLabel,
  OTHER_BOTS,
  SYSTEMS,
  TOOLS,
} from "./tokens.ts";

const TABLES = Object.entries({ BOTS, TOOLS, OTHER_BOTS, APPS, BROWSERS, ENGINES, SYSTEMS });

describe("createTable", () => {
  it("gives all tokens of a row its label, or its first token without the mark at its end", () => {
    const { labels } = createTable(["X=Twitter for |TwitterAndroid", "Edge/|Edg/", "Claude-", "Brave"]);
    expect([...labels]).toEqual([
      ["Twitter for ", "X"],
      ["TwitterAndroid", "X"],
      ["Edge/", "Edge"],
      ["Edg/", "Edge"],
      ["Claude-", "Claude"],
      ["Brave", "Brave"],
    ]);
  });
});

describe("findLabel", () => {
  it.each(TABLES)("finds every token of %s as it is written", (_name, table) => {
    for (const token of table.labels.keys()) {
      expect(findLabel(table, `x${token}x`)).toBeDefined();
      expect(findLabel(createTable([`Label=${token}`]), token.replace(/[.()]/, "x"))).toBe(
        /[.()]/.test(token) ? undefined : "Label",
      );
    }
  });

  it.each(TABLES)("returns the label of the strongest token of %s that a text contains", (_name, table) => {
    const pieces = fc.oneof(
      fc.constantFrom(...table.labels.keys()),
      fc.string({ unit: "binary", maxLength: 5 }),
    );
    fc.assert(
      fc.property(joined(pieces, 6), (text) => {
        const [, label] = [...table.labels].find(([token]) => text.includes(token)) ?? [];
        expect(findLabel(table, text)).toBe(label);
      }),
      fuzzRuns(500),
    );
  });
});

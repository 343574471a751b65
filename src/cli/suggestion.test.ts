// cspell:ignore lsit shwo revok coutn creatd
import { expect, it } from "vitest";
import { findNearest } from "./suggestion.ts";

const NAMES = ["list", "show", "revoke", "revoke-where", "count", "created-after", "created-before"];

it.each([
  ["lsit", "list"],
  ["shwo", "show"],
  ["revok", "revoke"],
  ["revoke-were", "revoke-where"],
  ["coutn", "count"],
  ["created-a", "created-after"],
  ["creatd-before", "created-before"],
])("suggests for %s the command %s", (typed, name) => {
  expect(findNearest(typed, NAMES)).toBe(name);
});

it.each(["deploy", "x", "---"])("suggests nothing for %s", (typed) => {
  expect(findNearest(typed, NAMES)).toBeUndefined();
});

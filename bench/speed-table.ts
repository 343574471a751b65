import { readFileSync } from "node:fs";
import { spreadOf } from "./statistics.mjs";

/** The speed tables of the README and of docs/benchmark.md, from the results of the last run with `--save`. */

interface Saved {
  date: string;
  machine: string;
  load: readonly number[];
  node: string;
  result: Record<string, Record<string, readonly number[]>>;
}

/** The sections, their titles in the table, and the prefix of their contenders' names. */
const ROWS = [
  { section: "in-process", title: "in process, in memory", on: "node " },
  { section: "node", title: "`node:http`, in memory", on: "" },
  { section: "express", title: "Express, in memory", on: "" },
  { section: "fastify", title: "Fastify, in memory", on: "" },
  { section: "hono", title: "Hono, in memory", on: "" },
  { section: "koa", title: "Koa, in memory", on: "" },
  { section: "redis", title: "`node:http`, in Redis, 64 connections", on: "" },
  { section: "postgres", title: "`node:http`, in PostgreSQL, 64 connections", on: "" },
];
const NAMES: Record<string, string> = {
  "fastify-session": "@fastify/session",
  "secure-session": "@fastify/secure-session \\*",
  "sessionup-cached": "sessionup with the cache",
  "sessionup-in-memory": "sessionup with the memory store",
  "hono-sessions-in-clear": "hono-sessions, plain id",
  "iron-session": "iron-session \\*",
};
const BEGIN = "<!-- Written by `npm run bench -- --save`. -->\n";
const END = "<!-- The end of what it writes. -->\n";

type Read = (section: string) => Saved;

/** The pages with a table, as paths from the root, and how to write each table. */
export const SPEED_TABLES: Readonly<Record<string, (read?: Read) => string>> = {
  "README.md": shortTable,
  "docs/benchmark.md": fullTable,
};

function shortTable(read: Read = readResult): string {
  const stores = { node: "memory", redis: "Redis", postgres: "PostgreSQL" };
  const names = ["sessionup", "express-session", "better-auth"];
  const rows = Object.entries(stores).map(([section, title]) => {
    const { result } = read(section);
    return `| ${[title, ...names.map((name) => figure(aboveBare(result, "", name)))].join(" | ")} |`;
  });
  return [
    `| CPU time per authenticated request, µs | ${names.join(" | ")} |`,
    "|---|--:|--:|--:|",
    ...rows,
    "",
  ].join("\n");
}

function fullTable(read: Read = readResult): string {
  const rows = ROWS.map(({ section, title, on }) => {
    const { result } = read(section);
    const above = (name: string) => aboveBare(result, on, name);
    const others = Object.keys(result)
      .filter((name) => name.startsWith(on))
      .map((name) => name.slice(on.length))
      .filter((name) => !["bare", "bare again", "floor", "sessionup"].includes(name))
      .map(
        (name) =>
          `${NAMES[name] ?? name} ${figure(above(name))} (${times(above(name) / above("sessionup"))})`,
      );
    const floor = result[`${on}floor`] ? figure(above("floor")) : "";
    return `| ${[title, floor, figure(above("sessionup")), others.join(", ")].join(" | ")} |`;
  });
  const { date, machine, load, node } = read("node");
  return [
    "| CPU time per request above the bare handler, µs | hand-written | sessionup | others (multiple of sessionup) |",
    "|---|---:|---:|---|",
    ...rows,
    "",
    `\\* keeps the session in the cookie, so no logout ends it. Medians of ${date.slice(0, 10)}, ${machine}, Node ${node.split(" ")[0]}, load ${load[0]} before the run.`,
    "",
  ].join("\n");
}

/** Replaces the table of the page. */
export function withSpeedTable(page: string, table: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error("the page has no markers for the speed table");
  return page.slice(0, begin + BEGIN.length) + table + page.slice(end);
}

function aboveBare(result: Saved["result"], on: string, name: string): number {
  const bare = result[`${on}bare`]?.cpu ?? [];
  const samples = result[on + name]?.cpu ?? [];
  return spreadOf(samples.map((sample, round) => sample - (bare[round] ?? Number.NaN))).median;
}

const figure = (micros: number) => (micros < 20 ? micros.toFixed(1) : micros.toFixed(0));
const times = (ratio: number) => (ratio < 10 ? `${ratio.toFixed(1)}×` : `${ratio.toFixed(0)}×`);

function readResult(section: string): Saved {
  return JSON.parse(readFileSync(new URL(`results/${section}.json`, import.meta.url), "utf8"));
}

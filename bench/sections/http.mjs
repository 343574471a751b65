import { httpText, overHttp } from "./_over-http.mjs";

/**
 * Sessions in memory, with the libraries that are common on each framework.
 *
 * @param {string} framework
 * @param {string} title
 * @param {readonly string[]} contenders
 * @returns {import("../section.d.ts").Section<import("../report.mjs").Samples>}
 */
const over = (framework, title, contenders) => ({
  name: framework,
  run: ({ quick }) => overHttp({ framework, contenders, quick }),
  text: (samples) => httpText(title, samples),
});

export const overNode = over("node", "node:http", [
  "floor",
  "sessionup",
  "express-session",
  "iron-session",
  "better-auth",
]);
export const overExpress = over("express", "Express", ["sessionup", "express-session", "memorystore"]);
export const overFastify = over("fastify", "Fastify", ["sessionup", "fastify-session", "secure-session"]);
export const overHono = over("hono", "Hono", ["sessionup", "hono-sessions", "hono-sessions-in-clear"]);
export const overKoa = over("koa", "Koa", ["sessionup", "koa-session"]);

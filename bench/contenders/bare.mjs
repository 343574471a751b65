/** The handler alone: it knows nobody, and gives every request the same answer. What the others cost is counted from here. */

export const NOBODY = "user-0000";

// A cookie as long as the others', so that the server's parser has the same to read.
const COOKIE = `__Host-somebody=${"a".repeat(22)}.${"b".repeat(65)}; Path=/`;
const userKey = () => NOBODY;

export const node = () => ({
  userKey,
  login: (_userKey, _request, response) => response.setHeader("set-cookie", COOKIE),
});

export const express = node;

export const fastify = () => ({
  userKey,
  login: (_userKey, _request, reply) => void reply.header("set-cookie", COOKIE),
});

export const hono = () => ({ userKey, login: (_userKey, c) => c.header("set-cookie", COOKIE) });

export const koa = () => ({ userKey, login: (_userKey, ctx) => ctx.set("set-cookie", COOKIE) });

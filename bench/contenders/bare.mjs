/** The handler alone, without sessions. Every request gets the same response. The baseline for the others. */

export const BARE_USER = "user-0000";

// As long as the others' cookies, so that Node's parser has the same work.
const COOKIE = `__Host-baseline=${"a".repeat(22)}.${"b".repeat(65)}; Path=/`;
const userKey = () => BARE_USER;

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

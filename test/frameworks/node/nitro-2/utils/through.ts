import { defineEventHandler } from "h3";
import type { NodeMiddleware } from "sessionup/node";

export const through = (middleware: NodeMiddleware) =>
  defineEventHandler(async (event) => {
    let failure: unknown;
    await middleware(event.node.req, event.node.res, (error) => {
      failure = error;
    });
    if (failure) throw failure;
  });

import type { Exchange } from "../../exchange.ts";
import { FastifyExchange, type FastifyReplyLike } from "../shared/fastify-exchange.ts";
import {
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  type TrustedView,
} from "../shared/node-exchange.ts";

/** Express's response. On Fastify, middleware gets Node's response in its place. */
export interface NestResponse extends NodeResponse {
  readonly req: NodeRequest & {
    readonly ip?: string | undefined;
    readonly protocol?: string | undefined;
    readonly ips?: readonly string[] | undefined;
    readonly app?: { readonly settings?: Readonly<Record<string, unknown>> } | undefined;
  };
}

/** Returns the exchange over the response of Nest's platform. */
export function toNestExchange(context: NestResponse | FastifyReplyLike): Exchange {
  if (typeof context?.getHeader === "function") {
    if ("request" in context) return new FastifyExchange(context);
    if (context.req) return new ResponseExchange(context.req, context);
  }
  throw new TypeError(
    "sessionup/nest: the context must be the platform's response. " +
      "Pass what `@Res({ passthrough: true })` or `switchToHttp().getResponse()` returns.",
  );
}

class ResponseExchange extends NodeExchange<NestResponse["req"]> {
  protected override trusted(): TrustedView | undefined {
    const request = this.source();
    const { app, ips } = request;
    // Express always has `ips`. Fastify sets it for middleware only if the app has set `trustProxy`.
    const configured = app ? app.settings?.["trust proxy"] : ips;
    return configured ? request : undefined;
  }
}

import type { Exchange } from "../../exchange.ts";
import { FastifyReplyExchange, type FastifyReplyLike } from "../fastify/reply-exchange.ts";
import {
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  type TrustedView,
} from "../shared/node-exchange.ts";

/** The response of Express; and that of Node, which is what middleware gets on Fastify. */
export interface NestResponse extends NodeResponse {
  readonly req: NodeRequest & {
    readonly ip?: string | undefined;
    readonly protocol?: string | undefined;
    readonly ips?: readonly string[] | undefined;
    readonly app?: { readonly settings?: Readonly<Record<string, unknown>> } | undefined;
  };
}

/** The port over what Nest's platform has for a response. */
export function exchangeOf(context: NestResponse | FastifyReplyLike): Exchange {
  if (typeof context?.getHeader === "function") {
    if ("request" in context) return new FastifyReplyExchange(context);
    if (context.req) return new ResponseExchange(context);
  }
  throw new TypeError(
    "sessionup/nest: the context is the response, which knows its request: pass what `@Res({ passthrough: true })` " +
      "or `switchToHttp().getResponse()` gives",
  );
}

class ResponseExchange extends NodeExchange {
  readonly #request: NestResponse["req"];

  constructor(response: NestResponse) {
    super(response.req, response);
    this.#request = response.req;
  }

  protected override trusted(): TrustedView | undefined {
    const { app, ips } = this.#request;
    // Where it is Fastify's, `ips` is there for middleware if the app has set `trustProxy`. Express always has it.
    const configured = app ? app.settings?.["trust proxy"] : ips;
    return configured ? this.#request : undefined;
  }
}

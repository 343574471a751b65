import { withCookie } from "../../cookie/cookie-header.ts";
import type { SetCookie } from "../../exchange.ts";
import {
  cookieLines,
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  type TrustedView,
} from "../shared/node-exchange.ts";

/** What is used of Fastify's reply: also of one of an app over HTTP/2. */
export interface FastifyReplyLike {
  readonly sent: boolean;
  readonly raw: NodeResponse;
  readonly request: NodeRequest & {
    readonly ip?: string | undefined;
    readonly protocol?: string | undefined;
    /** There only where the app has set `trustProxy`. */
    readonly ips?: readonly string[] | undefined;
  };
  getHeader(name: string): number | string | readonly string[] | undefined;
  // Of what these two return nothing is used: it is the reply of the app's own type.
  header(name: string, value: string | string[]): unknown;
  removeHeader(name: string): unknown;
}

/** The port over Fastify's reply, whose headers go over those of the response that it will write to. */
export class FastifyReplyExchange extends NodeExchange {
  readonly #reply: FastifyReplyLike;

  constructor(reply: FastifyReplyLike) {
    super(reply.request, reply.raw);
    this.#reply = reply;
  }

  protected override trusted(): TrustedView | undefined {
    const { request } = this.#reply;
    return request.ips ? request : undefined;
  }

  override blocked(): string | undefined {
    // `sent` is true of a reply that was hijacked, whose headers nobody writes any more.
    return this.#reply.sent ? "the reply has been sent" : super.blocked();
  }

  override setCookie(cookie: SetCookie): void {
    // Where the reply has none, that is what middleware has set on the response itself: the reply's would replace it.
    const lines = withCookie(cookieLines(this.#reply), cookie);
    // `header` only ever adds to this one.
    this.#reply.removeHeader("set-cookie");
    this.#reply.header("set-cookie", lines);
    super.setCookie(cookie);
  }
}

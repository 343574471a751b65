import { withCookie } from "../../cookie/cookie-header.ts";
import type { SetCookie } from "../../exchange.ts";
import { cookieLines } from "./kept-headers.ts";
import { NodeExchange, type NodeRequest, type NodeResponse, type TrustedView } from "./node-exchange.ts";

/** Fastify's reply, also that of an app over HTTP/2, as far as it is used here. */
export interface FastifyReplyLike {
  readonly sent: boolean;
  readonly raw: NodeResponse;
  readonly request: NodeRequest & {
    readonly ip?: string | undefined;
    readonly protocol?: string | undefined;
    /** Present only when the app has set `trustProxy`. */
    readonly ips?: readonly string[] | undefined;
  };
  getHeader(name: string): number | string | readonly string[] | undefined;
  // Both return the reply in the app's own type, which is not used here.
  header(name: string, value: string | string[]): unknown;
  removeHeader(name: string): unknown;
}

/** The exchange over Fastify's reply, whose headers replace those of the response below it. */
export class FastifyExchange extends NodeExchange {
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
    // `sent` is also true for a hijacked reply, whose headers are never written.
    return this.#reply.sent ? "the reply has been sent" : super.blocked();
  }

  override setCookie(cookie: SetCookie): void {
    // A reply without cookies shows those that middleware set on the response: the reply's line would replace them.
    const lines = withCookie(cookieLines(this.#reply), cookie);
    // `header` only ever appends to Set-Cookie.
    this.#reply.removeHeader("set-cookie");
    this.#reply.header("set-cookie", lines);
    super.setCookie(cookie);
  }
}

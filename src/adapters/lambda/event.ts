/** An event of an HTTP API or a function URL in payload format 2.0, as far as it is used here. */
export interface LambdaEvent {
  /** Begins with the stage, unless the stage is `$default`. */
  readonly rawPath: string;
  readonly rawQueryString?: string | undefined;
  /** One `name=value` each. AWS leaves the header `cookie` out of `headers`. */
  readonly cookies?: readonly string[] | undefined;
  readonly headers?: { readonly [name: string]: string | undefined } | undefined;
  readonly queryStringParameters?: { readonly [name: string]: string | undefined } | undefined;
  readonly pathParameters?: { readonly [name: string]: string | undefined } | undefined;
  readonly requestContext: {
    readonly domainName?: string | undefined;
    readonly stage?: string | undefined;
    readonly http: { readonly method: string; readonly sourceIp?: string | undefined };
  };
  readonly body?: string | undefined;
  readonly isBase64Encoded?: boolean | undefined;
}

/** Throws for an event of another format: its cookies are elsewhere, so no request would be authenticated. */
export function checkEvent(event: LambdaEvent): void {
  if (typeof event?.requestContext?.http?.method === "string") return;
  throw new TypeError(
    'sessionup/lambda: the event must be of payload format 2.0. Set payloadFormatVersion to "2.0" on the HTTP API\'s ' +
      "integration, or use a function URL. REST APIs, WebSocket APIs and load balancers do not support this format.",
  );
}

/** Returns a header by its lower-case name. AWS sends lower-case names; `sam local` keeps the client's. */
export function readHeader(event: LambdaEvent, name: string): string | undefined {
  const headers = event.headers ?? {};
  return headers[name] ?? headers[Object.keys(headers).find((key) => key.toLowerCase() === name) ?? name];
}

/** Returns the header `Cookie` as the client sent it. `sam local` and others have it in both places. */
export function readCookieHeader(event: LambdaEvent): string | undefined {
  return event.cookies?.length ? event.cookies.join("; ") : readHeader(event, "cookie");
}

/** Returns the path without the stage. AWS adds the stage even behind a custom domain that maps to another path. */
export function readPath({ rawPath, requestContext: { stage } }: LambdaEvent): string {
  const prefix = `/${stage}/`;
  return stage !== "$default" && rawPath.startsWith(prefix) ? rawPath.slice(prefix.length - 1) : rawPath;
}

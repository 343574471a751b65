/** What API Gateway's HTTP APIs and function URLs hand to a function: payload format 2.0, as far as it is of use here. */
export interface LambdaEvent {
  /** With the stage before it, unless that is `$default`. */
  readonly rawPath: string;
  readonly rawQueryString?: string | undefined;
  /** One `name=value` each. The header `cookie` is not among the others. */
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

/** The event itself. Throws for those of other formats, whose cookies are elsewhere: nobody would be logged in. */
export function checkedEvent<Event extends LambdaEvent>(event: Event): Event {
  if (typeof event?.requestContext?.http?.method === "string") return event;
  throw new TypeError(
    'sessionup/lambda: the event is not of payload format 2.0. Set payloadFormatVersion to "2.0" on the HTTP API\'s ' +
      "integration, or take a function URL; REST APIs, WebSocket APIs and load balancers have no such format",
  );
}

/** A header by its lower-case name. AWS has them in lower case; `sam local` has them as they came. */
export function headerOf(event: LambdaEvent, name: string): string | undefined {
  const headers = event.headers ?? {};
  return headers[name] ?? headers[Object.keys(headers).find((key) => key.toLowerCase() === name) ?? name];
}

/** The header `Cookie` as it was. `sam local` and others have it in both places. */
export function cookieHeaderOf(event: LambdaEvent): string | undefined {
  return event.cookies?.length ? event.cookies.join("; ") : headerOf(event, "cookie");
}

/** The path without the stage, which stands before it even where the domain of the app's own has another mapping. */
export function pathOf({ rawPath, requestContext: { stage } }: LambdaEvent): string {
  const prefix = `/${stage}/`;
  return stage !== "$default" && rawPath.startsWith(prefix) ? rawPath.slice(prefix.length - 1) : rawPath;
}

import {
  createSessions,
  type Exchange,
  type Guards,
  type Manager,
  type MaybePromise,
  type RequestSource,
  type Sessions,
  type SetCookie,
} from "sessionup";

/** An in-memory request, with the cookies and headers that were set on its response. */
export class TestRequest implements Exchange {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: SetCookie[] = [];
  readonly responseHeaders = new Map<string, string>();
  peer: string | undefined = "192.0.2.1";
  sent = false;
  url = "/";
  readonly #method: string;

  constructor(headers: Readonly<Record<string, string>> = {}, method = "POST") {
    this.headers = headers;
    this.#method = method;
  }

  method(): string {
    return this.#method;
  }

  source(): RequestSource {
    return this;
  }

  header(name: string): string | undefined {
    return this.headers[name];
  }
  peerAddress(): string | undefined {
    return this.peer;
  }
  blocked(): string | undefined {
    return this.sent ? "the response has been sent" : undefined;
  }
  setCookie(cookie: SetCookie): void {
    const identity = ({ name, path, domain, partitioned }: SetCookie) =>
      [name, path, domain, partitioned].join(";");
    const index = this.cookies.findIndex((each) => identity(each) === identity(cookie));
    if (index !== -1) this.cookies.splice(index, 1);
    this.cookies.push(cookie);
  }
  setHeader(name: string, value: string): void {
    this.responseHeaders.set(name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    if (!this.responseHeaders.has(name)) this.responseHeaders.set(name, value);
  }
}

/** Creates the session methods over in-memory requests. */
export function testSessions<In, Out extends In>(
  manager: Manager<In, Out>,
): Sessions<TestRequest, In, Out> & {
  readonly guards: Guards<TestRequest>;
  authorize(request: TestRequest): Promise<string | undefined>;
} {
  const { methods, guards } = createSessions<TestRequest, In, Out>(manager, (request) => request);
  const authorize = guards.auth();
  return {
    ...methods,
    guards,
    async authorize(request) {
      const error = await authorize(request);
      return error && (error.reason ?? error.code);
    },
  };
}

/** A browser that stores cookies and sends them with its own headers. */
export class Browser {
  readonly jar = new Map<string, string>();
  headers: Record<string, string>;

  constructor(headers: Record<string, string> = {}) {
    this.headers = headers;
  }

  /** Creates a request with the current cookies. */
  request(method?: string): TestRequest {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    return new TestRequest({ ...this.headers, ...(cookie && { cookie }) }, method);
  }

  /** Stores the cookies that the response sets. */
  receive(request: TestRequest): void {
    for (const { name, value, maxAge } of request.cookies) {
      if (maxAge === 0) this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }

  /** Creates a request, passes it to `use`, and stores the cookies of the response. */
  async visit<Answer>(use: (request: TestRequest) => MaybePromise<Answer>, method?: string): Promise<Answer> {
    const request = this.request(method);
    try {
      return await use(request);
    } finally {
      this.receive(request);
    }
  }
}

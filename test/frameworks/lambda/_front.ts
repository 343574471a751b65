import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { deepFreeze } from "../../../src/rules/deep-freeze.ts";

/** A function as Lambda's runtime calls it. Its result is serialized as JSON. */
export type LambdaFunction = (event: APIGatewayProxyEventV2, context: Context) => Promise<unknown>;

/** A function that `streamifyResponse` has marked. */
export type StreamingFunction = (
  event: APIGatewayProxyEventV2,
  stream: ResponseStream,
  context: Context,
) => Promise<void>;

/** Options of the gateway in front of the function. */
export interface LambdaFrontOptions {
  /**
   * `$default` for function URLs, or the stage of an HTTP API with a mapped domain: `rawPath` then has the
   * stage, the URL does not.
   */
  readonly stage?: string;
  /** The source address when it is not the connection's, for example a CDN's address. */
  readonly sourceIp?: string;
}

/** Translates between HTTP and a function that returns its whole response, as AWS does. */
export function lambdaFront(run: LambdaFunction, options: LambdaFrontOptions = {}): RequestListener {
  return async (request, response) => {
    const event = await createEvent(request, options);
    try {
      // The runtime's API transports JSON, which drops classes, symbols and undefined.
      const payload = JSON.stringify((await run(event, createContext(event))) ?? null);
      send(response, inferred(JSON.parse(payload)));
    } catch {
      send(response, { statusCode: 500, headers: JSON_TYPE, body: '{"message":"Internal Server Error"}' });
    }
  };
}

/**
 * Translates between HTTP and a streaming function, as a function URL with the invoke mode RESPONSE_STREAM
 * does.
 */
export function streamingFront(run: StreamingFunction, options: LambdaFrontOptions = {}): RequestListener {
  return async (request, response) => {
    const event = await createEvent(request, options);
    const stream = new ResponseStream();
    const sent = relay(stream, response);
    try {
      await run(event, stream, createContext(event));
    } catch {
      if (!response.headersSent) send(response, { statusCode: 502, body: "Internal Server Error" });
      stream.destroy();
      // The stream was destroyed on purpose.
      await sent.catch(() => undefined);
      return;
    }
    await sent;
  };
}

const JSON_TYPE = { "content-type": "application/json" };

/** Returns the event of payload format 2.0, frozen: a write to it would change what other code reads. */
async function createEvent(
  request: IncomingMessage,
  { stage = "$default", sourceIp }: LambdaFrontOptions,
): Promise<APIGatewayProxyEventV2> {
  const { cookie, ...distinct } = request.headersDistinct;
  const peer = sourceIp ?? request.socket.remoteAddress ?? "";
  const headers = Object.fromEntries(
    Object.entries(distinct).map(([name, lines = []]) => [name, lines.join(",")]),
  );
  headers["x-forwarded-for"] = [headers["x-forwarded-for"], peer].filter(Boolean).join(", ");
  headers["x-forwarded-proto"] = "https";
  const { pathname, search, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const rawPath = stage === "$default" ? pathname : `/${stage}${pathname}`;
  const cookies = cookie?.flatMap((line) => line.split(";").map((part) => part.trim())).filter(Boolean);
  const names = [...new Set(searchParams.keys())];
  const queryStringParameters = Object.fromEntries(
    names.map((name) => [name, searchParams.getAll(name).join(",")]),
  );
  const body = await readBody(request);
  return deepFreeze({
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString: search.slice(1),
    ...(cookies && { cookies }),
    headers,
    ...(names.length > 0 && { queryStringParameters }),
    requestContext: {
      accountId: "123456789012",
      apiId: "abcdefghij",
      domainName: headers.host ?? "",
      domainPrefix: "abcdefghij",
      http: {
        method: request.method ?? "GET",
        path: rawPath,
        protocol: "HTTP/1.1",
        sourceIp: peer,
        userAgent: headers["user-agent"] ?? "",
      },
      requestId: "id",
      routeKey: "$default",
      stage,
      time: "01/Jan/2026:00:00:00 +0000",
      timeEpoch: 1767225600000,
    },
    ...body,
  });
}

/** AWS encodes forms in base64, like binary bodies. */
async function readBody(request: IncomingMessage): Promise<{ body?: string; isBase64Encoded: boolean }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length === 0) return { isBase64Encoded: false };
  const isText = /^(text\/|application\/(json|xml|javascript))/.test(request.headers["content-type"] ?? "");
  return { body: bytes.toString(isText ? "utf8" : "base64"), isBase64Encoded: !isText };
}

function createContext({ requestContext: { requestId } }: APIGatewayProxyEventV2): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: "app",
    functionVersion: "$LATEST",
    invokedFunctionArn: "arn:aws:lambda:eu-central-1:123456789012:function:app",
    memoryLimitInMB: "128",
    awsRequestId: requestId,
    logGroupName: "/aws/lambda/app",
    logStreamName: "stream",
    getRemainingTimeInMillis: () => 3_000,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}

/** Applies the rules by which AWS turns a result without `statusCode` into a body. */
function inferred(result: unknown): APIGatewayProxyStructuredResultV2 {
  if (typeof result === "object" && result !== null && "statusCode" in result)
    return result as APIGatewayProxyStructuredResultV2;
  const body = typeof result === "string" ? result : JSON.stringify(result);
  return { isBase64Encoded: false, statusCode: 200, body, headers: JSON_TYPE };
}

function send(response: ServerResponse, result: APIGatewayProxyStructuredResultV2): void {
  sendHead(response, result);
  response.end(Buffer.from(result.body ?? "", result.isBase64Encoded ? "base64" : "utf8"));
}

/** Writes one line for each cookie, and one for each header. */
function sendHead(
  response: ServerResponse,
  { statusCode = 200, headers = {}, cookies = [] }: APIGatewayProxyStructuredResultV2,
): void {
  response.statusCode = statusCode;
  for (const [name, value] of Object.entries(headers)) response.appendHeader(name, String(value));
  for (const line of cookies) response.appendHeader("set-cookie", line);
}

const METADATA = "application/vnd.awslambda.http-integration-response";

/** The stream that a streaming function writes to. */
export class ResponseStream extends PassThrough {
  contentType = "application/octet-stream";
  metadata: Buffer | undefined;

  /** Sends the metadata with the first write, as the runtime does. */
  override write(chunk: string): boolean {
    if (this.metadata) super.write(this.metadata);
    this.metadata = undefined;
    return super.write(chunk);
  }
}

/** The runtime's `awslambda.HttpResponseStream`. */
export const HttpResponseStream = {
  from(stream: ResponseStream, metadata: Record<string, unknown>): ResponseStream {
    stream.contentType = METADATA;
    stream.metadata = Buffer.concat([Buffer.from(JSON.stringify(metadata)), Buffer.alloc(8)]);
    return stream;
  },
};

/** Forwards what a function writes, after the head from its metadata. */
async function relay(stream: ResponseStream, response: ServerResponse): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of stream) {
    if (!head) response.write(chunk);
    else if (stream.contentType !== METADATA) {
      head = undefined;
      response.setHeader("content-type", stream.contentType);
      response.write(chunk);
    } else {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(Buffer.alloc(8));
      if (end === -1) continue;
      sendHead(response, JSON.parse(head.subarray(0, end).toString()));
      response.flushHeaders();
      response.write(head.subarray(end + 8));
      head = undefined;
    }
  }
  const ended = once(response, "close");
  response.end();
  await ended;
}

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { LambdaEvent, LambdaResult } from "sessionup/lambda";
import { handler } from "./handler.ts";

// Does what a function URL does between HTTP and the function, as far as this example needs it.
const server = createServer(async (request, response) => {
  const { cookie, ...others } = request.headers;
  const { pathname, search, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const event: LambdaEvent = {
    rawPath: pathname,
    rawQueryString: search.slice(1),
    cookies: cookie?.split("; "),
    headers: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)])),
    queryStringParameters: Object.fromEntries(searchParams),
    requestContext: {
      stage: "$default",
      http: { method: request.method ?? "GET", sourceIp: request.socket.remoteAddress },
    },
  };
  const result = await handler(event);
  const { statusCode = 200, headers = {}, cookies = [], body } = structured(result);
  response.statusCode = statusCode;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
  for (const line of cookies) response.appendHeader("set-cookie", line);
  response.end(body);
});

/** A result without a status is sent as JSON. */
function structured(result: unknown): LambdaResult {
  if (typeof result === "object" && result !== null && "statusCode" in result) return result as LambdaResult;
  return { headers: { "content-type": "application/json" }, body: JSON.stringify(result) };
}

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});

import { createServer } from "node:http";
import type { LambdaContext } from "sessionup/lambda";
import { adapterContract, type ContractApp } from "sessionup/testing";
import { describe, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { lambdaApp, type Streams } from "./_app.ts";
import { HttpResponseStream, lambdaFront, streamingFront } from "./_front.ts";

const unloaded = {
  reason: "only public() and auth() create a context, and both load the session",
  tests: ["methods/not-loaded"],
};
const thrown = {
  reason: "AWS answers when a handler throws; the app has to catch the error and return a result",
  tests: ["cookie-delivery/thrown-error", "caching/cookie-error", "caching/auth-error"],
};
const buffered = {
  reason: "AWS sends a result after the handler has returned; the streaming front covers this",
  tests: ["cookie-delivery/headers-sent"],
};

/** A stream is read to its end before the result is returned, so that no headers leave early. */
function bufferedFront(app: ContractApp<LambdaContext>) {
  const run = lambdaApp(app);
  return lambdaFront(
    async (event) => {
      const streams: Streams = {};
      const result = await run(event, streams);
      if (!streams.stream) return result;
      let body = "";
      for await (const text of streams.stream) body += text;
      return { ...(result as object), body };
    },
    { stage: "prod" },
  );
}

/** Streams every response. The handler's result is its head and leaves before the first chunk. */
function streamedFront(app: ContractApp<LambdaContext>) {
  const run = lambdaApp(app);
  return streamingFront(async (event, responseStream) => {
    const streams: Streams = {};
    const result = await run(event, streams);
    const structured = typeof result === "object" && result !== null && "statusCode" in result;
    const { body, ...head } = (structured ? result : { body: JSON.stringify(result) }) as { body?: string };
    const stream = HttpResponseStream.from(responseStream, { headers: JSON_TYPE, ...head });
    stream.write(body ?? "");
    for await (const text of streams.stream ?? []) stream.write(text);
    stream.end();
  });
}

const JSON_TYPE = { "content-type": "application/json" };

describe("sessionup/lambda behind an HTTP API", () => {
  adapterContract(
    { describe, it },
    {
      skip: [unloaded, thrown, buffered],
      start: (app) => listen(createServer(bufferedFront(app))),
    },
  );
});

describe("sessionup/lambda behind a streaming function URL", () => {
  adapterContract(
    { describe, it },
    {
      skip: [unloaded, thrown],
      start: (app) => listen(createServer(streamedFront(app))),
    },
  );
});

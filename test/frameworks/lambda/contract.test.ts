import { createServer } from "node:http";
import type { LambdaContext } from "sessionup/lambda";
import { adapterContract, type ContractApp } from "sessionup/testing";
import { describe, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { lambdaApp, type Streams } from "./_app.ts";
import { HttpResponseStream, lambdaFront, streamingFront } from "./_front.ts";

const unloaded = {
  reason: "a context comes from public() or auth() alone, which have loaded the session",
  tests: ["methods/not-loaded"],
};
const thrown = {
  reason: "what a handler throws goes on to Lambda, and AWS answers by itself; catch it and return a result",
  tests: ["cookie-delivery/thrown-error", "caching/cookie-error", "caching/auth-error"],
};
const buffered = {
  reason: "a result goes out as a whole, when the handler has returned; see the front that streams",
  tests: ["cookie-delivery/headers-sent"],
};

/** Streams end before the result does: no head goes out before them. */
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

/** Every answer is streamed: its head is the result of the handler, and goes before the first bit. */
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

describe("sessionup/lambda behind a function URL that streams", () => {
  adapterContract(
    { describe, it },
    {
      skip: [unloaded, thrown],
      start: (app) => listen(createServer(streamedFront(app))),
    },
  );
});

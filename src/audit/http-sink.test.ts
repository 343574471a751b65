import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { Manager } from "../index.ts";
import { memoryStore } from "../stores/memory.ts";
import { type AuditEntry, auditLog, httpSink, verifyEntries } from "./audit.ts";

interface Received {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

const servers: Array<ReturnType<typeof createServer>> = [];

/** Starts a server that answers with these statuses in turn, and then with 200. 0 breaks the connection. */
async function startServer(...statuses: number[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const status = statuses.shift() ?? 200;
    if (status === 0) return request.socket.destroy();
    if (status === -1) return undefined;
    if (status === 200) received.push({ headers: request.headers, body });
    return response.writeHead(status, status === 307 ? { location: "/elsewhere" } : {}).end("some answer");
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ingest`, received, statuses };
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

function setUp(url: string, options = {}) {
  const manager = new Manager(memoryStore());
  const errors: Error[] = [];
  manager.events.on("error", ({ error }) => errors.push(error));
  const audit = auditLog(manager, { to: [httpSink(url, options)] });
  return { audit, errors, sessions: testSessions(manager) };
}

const parseLines = ({ body }: Received): AuditEntry[] =>
  body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("httpSink", () => {
  it("sends the entries of one turn in one request, as lines or as an array", async () => {
    const { url, received } = await startServer();
    const { audit, sessions } = setUp(url, { headers: { authorization: "Bearer t" } });
    await audit.flush();
    await Promise.all(
      ["a", "b", "c"].map((user) => new Browser().visit((request) => sessions.init(request, user))),
    );
    await audit.flush();
    expect(received.map(({ headers }) => [headers["content-type"], headers.authorization])).toEqual([
      ["application/x-ndjson", "Bearer t"],
      ["application/x-ndjson", "Bearer t"],
    ]);
    expect(parseLines(received[1] as Received).map(({ kind }) => kind)).toEqual(["begun", "begun", "begun"]);
    const array = setUp(url, { body: "array", format: ({ kind }: AuditEntry) => ({ kind }) });
    await array.audit.flush();
    expect([received[2]?.headers["content-type"], received[2]?.body]).toEqual([
      "application/json",
      '[{"kind":"opened"}]',
    ]);
  });

  it.each([500, 503, 429, 401, 0])("entries survive a server that fails with %i", async (status) => {
    const { url, received } = await startServer(200, status, status);
    const { audit, errors, sessions } = setUp(url);
    await audit.flush();
    await new Browser().visit((request) => sessions.init(request, "ann"));
    await expect(audit.flush()).rejects.toThrow();
    await expect(audit.flush()).rejects.toThrow();
    await audit.flush();
    expect(errors).toHaveLength(1);
    const entries = received.flatMap(parseLines);
    expect(await verifyEntries(entries)).toMatchObject({ ok: true, entries: 2 });
  });

  it.each([400, 413, 307])(
    "entries that a server rejects with %i are dropped and reported",
    async (status) => {
      const { url, received } = await startServer(status);
      const { audit, errors } = setUp(url);
      await audit.flush();
      expect(received).toEqual([]);
      expect(errors.map(({ message, cause }) => [message, (cause as Error).message])).toEqual([
        [
          "sessionup: a sink of auditLog rejected 1 entries for good.",
          `The server of httpSink answered ${status}.`,
        ],
      ]);
    },
  );

  it("a server that does not answer counts as failed after the timeout", async () => {
    const { url } = await startServer(-1);
    const { audit } = setUp(url, { timeout: "1s" });
    await expect(audit.flush()).rejects.toThrow("timeout");
    await audit.close();
  });

  it("rejects invalid URLs and options", () => {
    for (const wrong of ["", "ftp://example.com", "siem.example.com"])
      expect(() => httpSink(wrong)).toThrow("url must be the URL of an HTTP server");
    expect(() => httpSink("https://a.example", { body: "xml" as never })).toThrow(
      'body must be "lines" or "array"',
    );
    expect(() => httpSink("https://a.example", { headers: { a: 1 } as never })).toThrow(
      "headers must be an object of texts",
    );
  });
});

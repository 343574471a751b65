import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { METRICS, type Metric } from "../../src/telemetry/metrics.ts";
import { PATHS, type Start } from "../security/_secret-paths.ts";
import { Tally, WatchedSite } from "../security/_watched-site.ts";
import { Witness } from "../security/witness.ts";
import { type Sdk, startSdk } from "./sdk.ts";

let sdk: Sdk;
beforeAll(async () => {
  sdk = await startSdk();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
}, 600_000);
afterAll(() => void vi.restoreAllMocks());

/** The form of public ids. Each is also compared with the ids of the sessions that began. */
const ID = /^[0-9A-Za-z]{19,66}$/;

/** The values of an attribute of metrics, where they are listed. */
const LISTED = new Map(
  Object.values(METRICS).flatMap(({ attributes }: Metric) =>
    Object.entries(attributes).flatMap(([name, values]) =>
      values === "open" ? [] : [[name, values] as const],
    ),
  ),
);

/** The attributes that a span may have, and their values. */
const SPAN_ATTRIBUTES: Readonly<Record<string, (value: unknown) => boolean>> = {
  "session.id": (value) => ID.test(String(value)),
  "sessionup.outcome": (value) => /^[a-z_]+$/.test(String(value)),
  "sessionup.reason": (value) => (LISTED.get("sessionup.reason") as readonly unknown[]).includes(value),
  "sessionup.ended": Number.isSafeInteger,
  "sessionup.listed": Number.isSafeInteger,
  "sessionup.store.operation": (value) => /^[a-z_]+$/.test(String(value)),
  "error.type": (value) => /^(ERR_[A-Z_]+|E[A-Z]+|[A-Z]\w*Error|Error|_OTHER)$/.test(String(value)),
};

describe("what is exported on every path through the library", () => {
  const seen = new Set<string>();

  // The path about telemetry has its own.
  const paths = Object.entries(PATHS).filter(([name]) => name !== "metrics and traces");

  it.each(paths)("%s: no secret, hash, key, user key or address", async (_name, path) => {
    const witness = new Witness();
    const ids = new Set<string>();
    const start: Start = (options, store) => {
      const site = new WatchedSite(witness, new Tally(), { telemetry: sdk.telemetry, ...options }, store);
      site.manager.events.on("created", ({ id }) => void ids.add(id));
      return site;
    };
    sdk.reset();
    await path(start);
    // Exporting waits for no operation that has ended.
    await new Promise(setImmediate);
    const spans = sdk.spans().map(({ name, kind, attributes, events, links, status }) => {
      const recorded = events.map((event) => ({ name: event.name, attributes: event.attributes }));
      return { name, kind, attributes, events: recorded, links, status };
    });
    witness.see("spans", spans);
    witness.see("metrics", await sdk.metrics());
    expect(witness.leaks()).toEqual([]);
    expect(spans).not.toEqual([]);
    for (const { name, attributes, events, links, status } of spans) {
      expect(name).toMatch(/^sessionup(\.[a-z_]+)+$/);
      for (const [attribute, value] of Object.entries(attributes)) {
        seen.add(attribute);
        expect(SPAN_ATTRIBUTES[attribute]?.(value), `${attribute}: ${value}`).toBe(true);
      }
      expect(links).toEqual([]);
      // The description of a status could be the message of a driver.
      expect(Object.keys(status)).toEqual(["code"]);
      for (const { name, attributes = {} } of events) {
        expect(name).toBe("exception");
        const { "exception.type": type, "exception.message": message, ...rest } = attributes;
        expect(type).toMatch(/^\w+$/);
        if (message !== undefined) expect(message).toMatch(/^[\w .,;:()[\]'-]+$/);
        expect(rest).toEqual({});
      }
    }
    const written = spans.flatMap(({ attributes }) => attributes["session.id"] ?? []);
    for (const id of written) expect([...ids].some((known) => known === id) || ids.size === 0).toBe(true);
  });

  it("the paths reach every attribute of spans", () => {
    expect([...seen].sort()).toEqual(Object.keys(SPAN_ATTRIBUTES).sort());
  });

  it("the attributes of metrics have only listed values, and types of errors", async () => {
    const points = (await sdk.metrics()).flatMap(({ dataPoints }) =>
      dataPoints.map(({ attributes }) => attributes),
    );
    expect(points.length).toBeGreaterThan(50);
    for (const attributes of points)
      for (const [name, value] of Object.entries(attributes)) {
        const isValid =
          LISTED.get(name) !== undefined && name !== "sessionup.outcome"
            ? (LISTED.get(name) as readonly unknown[]).includes(value)
            : SPAN_ATTRIBUTES[name]?.(value);
        expect(isValid, `${name}: ${value}`).toBe(true);
      }
  });
});

it("exportUserKeys writes the user key into spans, and nothing else into metrics", async () => {
  const own = await startSdk({ exportUserKeys: true });
  const site = new WatchedSite(new Witness(), new Tally(), { telemetry: own.telemetry });
  await site.login("ann@example.com");
  expect(JSON.stringify(own.spans().map(({ attributes }) => attributes))).toContain("ann@example.com");
  expect(JSON.stringify(await own.metrics())).not.toContain("ann@");
});

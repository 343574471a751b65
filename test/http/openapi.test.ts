import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { TestClock } from "sessionup/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { type AccountSite, startAccountSite } from "./account-site.ts";

interface Operation {
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, unknown>> };
}

const document: Document = JSON.parse(
  readFileSync(new URL("../../openapi.json", import.meta.url), "utf8"),
) as Document;

/** The responses in the document, such as `"delete /sessions/{id} 404"`. */
const DOCUMENTED = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { responses }]) =>
    Object.keys(responses).map((status) => `${method} ${path} ${status}`),
  ),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(document, "openapi");

/**
 * Returns the place of a response's schema in the document, through at most one `$ref`, or undefined without
 * a body.
 */
function findSchema(path: string, method: string, status: number): string | undefined {
  const pointer = `#/paths/${path.replaceAll("~", "~0").replaceAll("/", "~1")}/${method}/responses/${status}`;
  const found = document.paths[path]?.[method]?.responses[status] as
    | { $ref?: string; content?: unknown }
    | undefined;
  const name = found?.$ref?.replace("#/components/responses/", "");
  const response = name ? (document.components.responses[name] as { content?: unknown }) : found;
  if (!response?.content) return undefined;
  return `openapi${found?.$ref ?? pointer}/content/application~1json/schema`;
}

describe("openapi.json", () => {
  let site: AccountSite;
  const seen = new Set<string>();

  beforeAll(async () => {
    site = await startAccountSite();
  });
  afterAll(() => site?.close());

  it("openapi.json is a valid OpenAPI 3.1 document", async () => {
    const { valid, errors } = await new Validator().validate({ ...structuredClone(document) });
    expect([valid, errors]).toEqual([true, undefined]);
  });

  it("the validator rejects an invalid document", async () => {
    const { valid } = await new Validator().validate({
      ...structuredClone(document),
      paths: { session: {} },
    });
    expect(valid).toBe(false);
  });

  /** Sends a request and checks the response against the document. */
  async function ask(
    client: ContractClient,
    method: string,
    path: string,
    { id = "", headers = {} }: { id?: string; headers?: Record<string, string> } = {},
  ): Promise<number> {
    const answer = await client.send(method.toUpperCase(), `/account${path.replace("{id}", id)}`, headers);
    const which = `${method} ${path} ${answer.status}`;
    expect(DOCUMENTED).toContain(which);
    seen.add(which);
    const schema = findSchema(path, method, answer.status);
    if (!schema) expect(answer.text).toBe("");
    else {
      const validate = ajv.compile({ $ref: schema });
      expect([which, validate(answer.json()), validate.errors]).toEqual([which, true, null]);
    }
    return answer.status;
  }

  async function login(
    user = "ann",
    at: AccountSite = site,
  ): Promise<{ client: ContractClient; id: string }> {
    const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const client = new ContractClient(at.origin, { "user-agent": agent });
    const { id } = (await client.post(`/login?user=${user}`)).json() as { id: string };
    return { client, id };
  }

  it("the responses to signed-in users match the document", async () => {
    const [own, other, theirs] = [await login(), await login(), await login("bob")];
    expect(await ask(own.client, "get", "/session")).toBe(200);
    expect(await ask(own.client, "get", "/sessions")).toBe(200);
    expect(await ask(own.client, "post", "/session/refresh")).toBe(204);
    expect(await ask(own.client, "delete", "/sessions/{id}", { id: other.id })).toBe(204);
    expect(await ask(own.client, "delete", "/sessions/{id}", { id: theirs.id })).toBe(404);
    await login();
    expect(await ask(own.client, "delete", "/sessions")).toBe(200);
    expect(await ask(own.client, "post", "/logout-all")).toBe(200);
    expect(await ask(theirs.client, "post", "/logout")).toBe(204);
  });

  it("rejections and outages of every operation match the document", async () => {
    const { client, id } = await login();
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method, path] as const),
    );
    for (const [method, path] of operations) {
      await ask(new ContractClient(site.origin), method, path, { id });
      if (method !== "get")
        await ask(client, method, path, { id, headers: { origin: "https://evil.example" } });
      site.store.down = true;
      expect(await ask(client, method, path, { id })).toBe(503);
      site.store.down = false;
    }
  });

  it("only a user who authenticated in the last 15 minutes can end other sessions, by default [asvs 7.5.2]", async () => {
    const clock = new TestClock();
    const sites = [
      await startAccountSite({ clock: clock.now }),
      await startAccountSite({ clock: clock.now }, { maxAuthAge: false }),
    ] as const;
    try {
      for (const each of sites) {
        const { client, id } = await login("ann", each);
        const other = await login("ann", each);
        const attempts = [
          ["DELETE", "/account/sessions"],
          ["DELETE", `/account/sessions/${other.id}`],
          ["POST", "/account/logout-all"],
        ] as const;
        clock.set(clock.now() + 15 * 60_000);
        expect((await client.send("DELETE", `/account/sessions/${"0".repeat(22)}`)).status).toBe(404);
        clock.set(clock.now() + 1);
        if (each === sites[1]) {
          expect((await client.send("DELETE", `/account/sessions/${other.id}`)).status).toBe(204);
          continue;
        }
        for (const [method, path] of attempts) {
          const answer = await client.send(method, path);
          expect([path, answer.status, answer.json()]).toEqual([
            path,
            401,
            { error: "unauthorized", reason: "stale_authentication", max_age: 900 },
          ]);
        }
        await client.post("/prove");
        expect((await client.send("DELETE", `/account/sessions/${other.id}`)).status).toBe(204);
        clock.set(clock.now() + 60 * 60_000);
        expect((await client.send("DELETE", `/account/sessions/${id}`)).status).toBe(204);
      }
    } finally {
      for (const each of sites) await each.close();
    }
  });

  it("routes with maxAuthAge and level require re-authentication only to end other sessions [asvs 7.5.2]", async () => {
    const clock = new TestClock();
    const strict = await startAccountSite({ clock: clock.now }, { maxAuthAge: "10m", level: 2 });
    try {
      const { client, id } = await login("ann", strict);
      const other = await login("ann", strict);
      const ending = [
        ["delete", "/sessions"],
        ["delete", "/sessions/{id}"],
        ["post", "/logout-all"],
      ] as const;
      for (const [method, path] of ending) {
        const answer = await client.send(method.toUpperCase(), `/account${path.replace("{id}", other.id)}`);
        expect([answer.status, answer.json()]).toEqual([
          401,
          { error: "unauthorized", reason: "stale_authentication", max_age: 600, acr_values: "2" },
        ]);
        expect(answer.headers.get("www-authenticate")).toContain('acr_values="2"');
        expect(await ask(client, method, path, { id: other.id })).toBe(401);
      }
      expect(await ask(client, "get", "/session")).toBe(200);
      expect(await ask(client, "get", "/sessions")).toBe(200);
      expect(await ask(other.client, "delete", "/sessions/{id}", { id: other.id })).toBe(204);
      const another = await login("ann", strict);
      await client.post("/prove");
      clock.advance("10m");
      expect(await ask(client, "delete", "/sessions/{id}", { id: another.id })).toBe(204);
      expect(await ask(client, "delete", "/sessions")).toBe(200);
      clock.advance("1s");
      expect(await ask(client, "post", "/logout-all")).toBe(401);
      expect(await ask(client, "delete", "/sessions/{id}", { id })).toBe(204);
    } finally {
      await strict.close();
    }
  });

  it("every response in the document occurs in these tests", () => {
    expect(DOCUMENTED.filter((which) => !seen.has(which))).toEqual([]);
  });
});

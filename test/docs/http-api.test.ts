import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

interface Response {
  readonly $ref?: string;
  readonly description: string;
  readonly content?: { readonly "application/json": { readonly schema: Schema } };
}

interface Operation {
  readonly summary: string;
  readonly responses: Readonly<Record<string, Response>>;
}

interface Document {
  readonly info: { readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

const API = JSON.parse(readFileSync(`${ROOT}openapi.json`, "utf8")) as Document;
const link = (name: string) => `[${name}](#${name.toLowerCase()})`;
const nameOf = (ref: string) => ref.slice(ref.lastIndexOf("/") + 1);

function formatType(schema: Schema): string {
  if (schema.$ref) return link(nameOf(schema.$ref));
  if (schema.const) return `\`"${schema.const}"\``;
  if (schema.enum && schema.type) return schema.enum.map((value) => `\`"${value}"\``).join(" or ");
  if (schema.enum)
    return schema.enum.map((value) => `[\`${value}\`](errors.md#${value.replaceAll("_", "-")})`).join(", ");
  if (schema.items) return `array of ${formatType(schema.items)}`;
  if (schema.properties) return `\`{ ${Object.keys(schema.properties).join(", ")} }\``;
  return schema.format ?? schema.type ?? "any JSON";
}

function toPropertyTable({ properties = {}, required = [] }: Schema): readonly string[] {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const description = [required.includes(name) ? "" : "Optional.", schema.description ?? ""]
      .join(" ")
      .trim();
    return `| \`${name}\` | ${formatType(schema)} | ${description} |`;
  });
  return ["| property | type | |", "|---|---|---|", ...rows, ""];
}

function toOperation(path: string, method: string, { summary, responses }: Operation): readonly string[] {
  const rows = Object.entries(responses).map(([status, given]) => {
    const name = given.$ref && nameOf(given.$ref);
    const response = name ? API.components.responses[name] : given;
    const schema = response?.content?.["application/json"].schema;
    const body = name ? link(name) : schema ? formatType(schema) : "none";
    return `| ${status} | ${response?.description} | ${body} |`;
  });
  return [
    `## \`${method.toUpperCase()} ${path}\``,
    "",
    summary,
    "",
    "| status | meaning | body |",
    "|---|---|---|",
    ...rows,
    "",
  ];
}

describe("docs/reference/http-api.md", () => {
  it("the page describes each operation of openapi.json", async () => {
    const { info, paths, components } = API;
    const page = [
      "# HTTP API",
      "",
      info.description,
      "[Front ends and ready-made routes](../guides/ready-made-routes.md) shows how to mount and use it. The package contains the",
      "[OpenAPI document](../../openapi.json), for clients and validators: `sessionup/openapi.json`.",
      "",
      "Paths are relative to the `path` of the routes. All bodies are JSON.",
      "",
      ...Object.entries(paths).flatMap(([path, operations]) =>
        Object.entries(operations).flatMap(([method, operation]) => toOperation(path, method, operation)),
      ),
      ...Object.entries(components.schemas).flatMap(([name, schema]) =>
        schema.properties
          ? [`## ${name}`, "", ...toPropertyTable(schema)]
          : [`## ${name}`, "", `A ${schema.type}: the public handle of a session.`, ""],
      ),
      ...Object.entries(components.responses).flatMap(([name, { description, content }]) => [
        `## ${name}`,
        "",
        description,
        "",
        ...toPropertyTable(content?.["application/json"].schema ?? {}),
      ]),
    ];
    await expect(page.join("\n")).toMatchFileSnapshot(`${ROOT}docs/reference/http-api.md`);
  });
});

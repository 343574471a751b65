import { SessionError } from "../errors.ts";
import { isJson } from "../lifecycle/metadata.ts";
import type { StandardSchema } from "../standard-schema.ts";

/** Writes the values of one name as text, and reads them back. */
export class ValueCodec {
  readonly #name: string;
  readonly #schema: StandardSchema;

  constructor(name: string, schema: StandardSchema) {
    this.#name = name;
    this.#schema = schema;
  }

  /** Returns the schema's output as JSON. Throws `ERR_META_INVALID` for a value that is invalid or not plain JSON. */
  async write(value: unknown): Promise<string> {
    const first = await this.#schema["~standard"].validate(value);
    if (first.issues) throw invalidValue(this.#name, `the schema rejects it${locate(first.issues)}`);
    if (first.value === undefined || !isJson(first.value, 0))
      throw invalidValue(this.#name, "it must be plain JSON, nested at most 64 levels");
    const text = JSON.stringify(first.value);
    if ((await this.read(text)) === undefined)
      throw invalidValue(this.#name, "the schema does not accept its own output");
    return text;
  }

  /** Returns the value of a text, or `undefined` if the schema does not accept it, as after a release with another schema. */
  async read(text: string): Promise<unknown> {
    try {
      const result = await this.#schema["~standard"].validate(JSON.parse(text));
      return result.issues ? undefined : result.value;
    } catch {
      return undefined;
    }
  }
}

/** Returns the error of a value that cannot be put. It contains at most names of properties. @internal */
export function invalidValue(name: string, problem: string): SessionError {
  return new SessionError("ERR_META_INVALID", `The value "${name}" is invalid: ${problem}.`);
}

/** Returns at which properties the issues are. The messages of issues are left out, because they can quote the value. */
function locate(issues: readonly unknown[]): string {
  const names = issues.flatMap((issue) => {
    const [first] = (issue as { readonly path?: readonly unknown[] } | null)?.path ?? [];
    const name = typeof first === "object" && first !== null && "key" in first ? first.key : first;
    return typeof name === "string" ? [name] : [];
  });
  return names.length === 0 ? "" : ` at ${[...new Set(names)].slice(0, 3).join(", ")}`;
}

import { usageError } from "../cli-error.ts";
import { findNearest } from "../suggestion.ts";

/** The kind of a store, by the beginning of its URL. */
export type Engine = "redis" | "postgres" | "mysql" | "sqlite" | "libsql" | "lmdb";

/** Where a store is: at a URL, in a file, or in a module of the app. */
export type StoreLocation =
  | { readonly engine: "redis" | "postgres" | "mysql" | "libsql"; readonly url: string }
  | { readonly engine: "sqlite" | "lmdb"; readonly path: string }
  | { readonly engine: "module"; readonly path: string };

const ENGINES: Readonly<Record<string, Engine>> = {
  redis: "redis",
  rediss: "redis",
  valkey: "redis",
  valkeys: "redis",
  postgres: "postgres",
  postgresql: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
  sqlite: "sqlite",
  libsql: "libsql",
  file: "libsql",
  http: "libsql",
  https: "libsql",
  ws: "libsql",
  wss: "libsql",
  lmdb: "lmdb",
};

const MODULE = /\.[cm]?[jt]s$/;
const DATABASE_FILE = /\.(db|sqlite3?|lmdb|mdb)$/;
const FORMS = [
  "Stores: redis://…  rediss://…  valkey://…  postgres://…  mysql://…  mariadb://…",
  "        sqlite:sessions.db  libsql://…  file:sessions.db  lmdb:sessions.lmdb  ./sessions.js",
];

/** Parses the value of `--store`. Never repeats a URL in an error: it may have a password. */
export function parseLocation(text: string): StoreLocation {
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || (scheme.length === 1 && MODULE.test(text))) return parsePath(text);
  const engine = Object.hasOwn(ENGINES, scheme.toLowerCase()) ? ENGINES[scheme.toLowerCase()] : undefined;
  if (engine === undefined) throw unknownScheme(scheme);
  if (engine === "sqlite" || engine === "lmdb") return { engine, path: parseFilePath(rest, engine) };
  if (scheme.toLowerCase() === "file") return { engine, url: `file:${parseFilePath(rest, engine)}` };
  // Behind an unencoded "/" in the password, the parser takes the rest for a path.
  if (!URL.canParse(text) || new URL(text).pathname.includes("@"))
    throw usageError(
      "The store's URL is not valid.",
      'A special character in the password must be encoded: "@" as %40, "/" as %2F, "#" as %23.',
    );
  return { engine, url: toDriverUrl(text) };
}

/** Returns the URL with the scheme that the drivers know. */
function toDriverUrl(url: string): string {
  return url
    .replace(/^valkey(s?):/i, "redis$1:")
    .replace(/^mariadb:/i, "mysql:")
    .replace(/^postgresql:/i, "postgres:");
}

function parseFilePath(rest: string, engine: Engine): string {
  const path = rest.replace(/^\/\/(?=[./]|[^/]*$)/, "");
  if (path !== "") return path;
  throw usageError(
    `The store needs a path, such as ${engine === "lmdb" ? "lmdb:sessions.lmdb" : `${engine === "libsql" ? "file" : "sqlite"}:sessions.db`}.`,
  );
}

function parsePath(text: string): StoreLocation {
  if (MODULE.test(text)) return { engine: "module", path: text };
  if (DATABASE_FILE.test(text)) {
    const scheme = /mdb$/.test(text) ? "lmdb" : "sqlite";
    throw usageError(`"${text}" needs the name of its engine: --store ${scheme}:${text}`);
  }
  throw usageError("The store must be a URL, or a module with the ending .js, .mjs, .cjs or .ts.", ...FORMS);
}

function unknownScheme(scheme: string): Error {
  const nearest = findNearest(scheme.toLowerCase(), Object.keys(ENGINES));
  return usageError(
    `"${scheme}:" is not the beginning of a store's URL.`,
    ...(nearest === undefined ? [] : [`Did you mean "${nearest}:"?`]),
    ...FORMS,
  );
}

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

const UNREACHABLE: ReadonlyMap<unknown, string> = new Map([
  ["ECONNREFUSED", "the connection was refused"],
  ["ECONNRESET", "the server closed the connection"],
  ["EHOSTUNREACH", "the host cannot be reached"],
  ["ENETUNREACH", "the network cannot be reached"],
  ["ENOTFOUND", "no such host"],
  ["EAI_AGAIN", "the host name could not be looked up"],
  ["ETIMEDOUT", "the server did not answer in time"],
]);
const LOGIN_FAILED = /^(28P01|28000|ER_ACCESS_DENIED.*)$|^(NOAUTH|WRONGPASS)\b/;
const NO_DATABASE = /^(3D000|ER_BAD_DB_ERROR)$/;

/** Explains in one line why a database server cannot be used. Includes its address, never the password in the URL. */
export function explainServer(label: string, url: string, error: unknown): string {
  const { host, pathname } = new URL(url);
  const server = `${label} at ${host}`;
  const unreachable = UNREACHABLE.get(codeOf(error));
  if (unreachable) return `cannot connect to ${server}: ${unreachable}. Start ${label}, or correct the URL.`;
  const text = [codeOf(error), messageOf(error)];
  if (text.some((each) => LOGIN_FAILED.test(each)))
    return `${server} did not accept the user name and password. Correct them in the URL.`;
  if (text.some((each) => NO_DATABASE.test(each)))
    return `${server} has no database "${pathname.slice(1)}". Create it, or name another one in the URL.`;
  return `${server} cannot be used: ${messageOf(error)}`;
}

/** Explains in one line why a file cannot be opened. */
export async function explainFile(label: string, path: string): Promise<string> {
  const folder = dirname(resolve(path));
  const cannot = `cannot open ${path}:`;
  const its = await kindOf(folder);
  if (its === "missing")
    return `${cannot} its folder does not exist. Create the folder, or choose another path.`;
  if (its === "file") return `${cannot} its folder is a file. Choose another path.`;
  if (!(await isWritable(folder)))
    return `${cannot} this user may not write to its folder. Choose another path.`;
  if ((await kindOf(path)) === "folder") return `${cannot} it is a folder. Choose another path.`;
  return `${cannot} it is not a ${label} database that this user may write to. Choose another path.`;
}

async function kindOf(path: string): Promise<"file" | "folder" | "missing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return "missing";
  }
}

function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Returns the first line only, because some drivers append a listing. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.split("\n", 1)[0] ?? "";
}

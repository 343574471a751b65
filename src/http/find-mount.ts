/**
 * Returns what the framework's mounts removed from the beginning of a path. Counts segments, because a framework may have
 * decoded one of them.
 *
 * @internal
 */
export function findMount(path: string, rest: string = path): string {
  if (path === rest) return "";
  const [whole = ""] = path.split(/[?#]/, 1);
  const [end = ""] = rest.split(/[?#]/, 1);
  if (end === "/") return whole;
  const segments = whole.split("/");
  const mount = segments.slice(0, Math.max(0, segments.length - end.split("/").length + 1)).join("/");
  // Express 4 removes one of two slashes behind a mount. No route has such a path.
  return mount.endsWith("/") ? "" : mount;
}

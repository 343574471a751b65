/**
 * What mounts took off the beginning of a path, where the framework knows both: the whole path, and what is left of it.
 * Goes by their segments, since a framework may have decoded one of them.
 */
export function mountOf(whole: string, rest: string): string {
  if (whole === rest) return "";
  const [path = ""] = whole.split(/[?#]/, 1);
  const [end = ""] = rest.split(/[?#]/, 1);
  if (end === "/") return path;
  const segments = path.split("/");
  const mount = segments.slice(0, Math.max(0, segments.length - end.split("/").length + 1)).join("/");
  // Express 4 drops one slash of two behind a mount: no route is there.
  return mount.endsWith("/") ? "" : mount;
}

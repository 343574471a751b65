import type { RedisPort } from "./client.ts";

/** Tells if the server throws keys away when its memory is full. All of the store's keys have an end, so each policy finds them. */
export async function warnOfEviction(port: RedisPort, warn: (message: string) => void): Promise<void> {
  // Some users may not ask for it; what it would say, the documentation says too.
  const info = String(await port.send(undefined, ["INFO", "memory"]).catch(() => ""));
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "noeviction";
  if (policy === "noeviction" || /^maxmemory:0\s/m.test(info)) return;
  warn(
    `sessionup: the Redis server's maxmemory-policy is ${policy}: when its memory is full, sessions end by themselves, ` +
      'and one whose index is gone escapes lists and revokeAll; use "noeviction"',
  );
}

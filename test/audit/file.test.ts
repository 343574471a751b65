import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readEntries, verifyEntries } from "sessionup/audit";
import { expect, it } from "vitest";
import { ROOT, toCommand } from "../contract/programs.ts";

it("a file has every entry that was flushed, and whole lines, after processes were killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sessionup-audit-"));
  const path = join(folder, "audit.jsonl");
  const flushed = new Set<string>();
  const [program, ...rest] = await toCommand(`${ROOT}test/audit/_file-logins.ts`);
  try {
    await Promise.all(
      [20, 25, 30].map(async (most) => {
        const child = spawn(program, [...rest, path], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
        let count = 0;
        createInterface({ input: child.stdout }).on("line", (id) => {
          flushed.add(id);
          if (++count === most) child.kill("SIGKILL");
        });
        await once(child, "close");
      }),
    );
    expect(await verifyEntries(readEntries(path))).toMatchObject({ ok: true, problems: [] });
    const written = new Set<string>();
    for await (const entry of readEntries(path))
      if (!("unreadable" in entry)) for (const id of entry.subject?.sessions ?? []) written.add(id);
    expect([...flushed].filter((id) => !written.has(id))).toEqual([]);
    expect(flushed.size).toBeGreaterThanOrEqual(75);
  } finally {
    await rm(folder, { recursive: true });
  }
});

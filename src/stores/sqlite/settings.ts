import type { SqliteEngine } from "./engine.ts";

/** Returns the connection's settings that endanger sessions, in sentences. */
export async function findDangers(engine: SqliteEngine): Promise<readonly string[]> {
  const read = async (setting: string) => {
    const [row = {}] = await engine.read({ sql: `PRAGMA ${setting}`, values: [] });
    return String(row[setting]);
  };
  const synchronous = await read("synchronous");
  const journal = await read("journal_mode");
  const dangers = {
    "PRAGMA synchronous is OFF: a power cut can damage the file. Set it to FULL.": synchronous === "0",
    "PRAGMA synchronous is NORMAL: after a power cut, sessions that ended last may be live again. Set it to FULL.":
      synchronous === "1" && journal === "wal",
    "PRAGMA journal_mode is OFF: a crash of the process can damage the file. Call migrate(), which sets it to WAL.":
      journal === "off",
  };
  return Object.entries(dangers).flatMap(([sentence, isTrue]) => (isTrue ? sentence : []));
}

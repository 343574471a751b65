import { escapeControls, toSafeJson } from "./escape.ts";
import type { Terminal, Tone } from "./terminal.ts";
import { measureWidth, pad, wrap } from "./text-width.ts";

/** The result of one check. */
export interface Finding {
  readonly status: "ok" | "warn" | "fail";
  /** The thing that was checked, in a word or three. */
  readonly name: string;
  readonly text: string;
  /** How to fix it. */
  readonly fix?: string;
}

const TONES: { readonly [status in Finding["status"]]: Tone } = { ok: "good", warn: "warning", fail: "bad" };
const STATUS_WIDTH = 6;
const NAME_WIDTH = 14;

/** Prints a finding: as lines for people, as JSON, or as one line with tabs. */
export async function printFinding(terminal: Terminal, finding: Finding, json: boolean): Promise<void> {
  const { status, name, text, fix } = finding;
  if (json) return terminal.write(toSafeJson(finding));
  if (!terminal.isInteractive)
    return terminal.write([status, name, text, fix ?? ""].map(escapeControls).join("\t"));
  const indent = STATUS_WIDTH + NAME_WIDTH;
  const toLines = (words: string) => wrap(escapeControls(words), Math.max(20, terminal.width - indent));
  const [first = "", ...rest] = toLines(text);
  const label = terminal.style(TONES[status], status) + " ".repeat(STATUS_WIDTH - measureWidth(status));
  const more = [...rest, ...(fix === undefined ? [] : toLines(`→ ${fix}`))];
  await terminal.write([
    label + pad(name, NAME_WIDTH) + first,
    ...more.map((line) => " ".repeat(indent) + line),
  ]);
}

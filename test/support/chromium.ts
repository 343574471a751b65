import { type Browser, chromium } from "playwright-core";
import { programPath } from "../../scripts/programs.mjs";

/** Starts Chromium without windows, and installs it first if it is missing, which may take minutes. */
export async function startChromium(): Promise<Browser> {
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  return chromium.launch({ executablePath: await programPath("Chromium"), args });
}

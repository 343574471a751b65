import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SessionJson } from "sessionup";
import { expect } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A running example. */
export interface Example {
  readonly origin: string;
  stop(): Promise<void>;
}

/** The command that starts an example. Default: `tsx examples/<name>/server.ts`. */
export interface ExampleCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts an example on a free port and waits for the address that it prints. */
export async function startExample(name: string, command?: ExampleCommand): Promise<Example> {
  const { file, args, cwd, env } = command ?? {
    file: process.execPath,
    args: ["--import", "tsx", `examples/${name}/server.ts`],
  };
  const child = spawn(file, args, {
    cwd: cwd ?? ROOT,
    env: { ...process.env, ...env, PORT: env?.PORT ?? "0" },
    stdio: ["ignore", "pipe", "pipe"],
    // A separate process group, so that the example's child processes end with it.
    detached: true,
  });
  const said: string[] = [];
  child.stderr.on("data", (text) => said.push(String(text)));
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    said.push(line);
    // With a port: an example's program may print other addresses, such as that of its documentation.
    const origin = /https?:\/\/[^\s/]+:\d+/.exec(line)?.[0];
    if (origin) {
      child.stdout.resume();
      return { origin, stop: () => stop(child) };
    }
  }
  throw new Error(`examples/${name} ended before it printed an address:\n${said.join("\n")}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  process.kill(-child.pid, "SIGKILL");
  await ended;
}

/**
 * Tests an example: two browsers log in, one of them lists both sessions, ends the other session and logs out. Returns
 * the listed devices.
 */
export async function walk(
  origin: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly SessionJson[]> {
  const [phone, desk] = [new ContractClient(origin, headers), new ContractClient(origin, headers)];
  expect((await phone.get("/")).text).toContain("stranger");
  expect((await phone.get("/devices")).status).toBe(401);
  for (const client of [phone, desk]) {
    expect((await client.post("/login?name=ann")).status).toBeLessThan(400);
    expect((await client.get("/")).text).toContain("ann");
  }
  const devices = (await desk.get("/devices")).json() as SessionJson[];
  expect(devices.map(({ current }) => current).sort()).toEqual([false, true]);
  const other = devices.find(({ current }) => !current);
  expect((await desk.send("DELETE", `/account/sessions/${other?.id}`)).status).toBe(204);
  expect((await phone.get("/devices")).status).toBe(401);
  expect((await desk.get("/account/session")).json()).toMatchObject({ userKey: "ann" });
  expect((await desk.post("/logout")).status).toBeLessThan(400);
  expect(desk.jar.size).toBe(0);
  expect((await desk.get("/")).text).toContain("stranger");
  return devices;
}

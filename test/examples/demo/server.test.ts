import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { Device, setCookie } from "./_curl.ts";

const project = fileURLToPath(new URL("../../..", import.meta.url));
const lines =
  /^The demo runs at (http:\/\/localhost:\d+)\nStore: memory\. Accounts and sign-ins are lost when the demo stops\.\nTry: .+\nTry: .+\n$/;

describe("the demo's server", () => {
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const each of started.splice(0)) each.kill();
  });

  /** Returns the printed output, once the server listens or has ended. */
  async function start(env: Record<string, string>): Promise<{ printed: string; code: number | null }> {
    const args = ["--import", "tsx", "examples/demo/server.ts"];
    const server = spawn(process.execPath, args, { cwd: project, env: { ...process.env, ...env } });
    started.push(server);
    let printed = "";
    const listens = new Promise<void>((resolve) => {
      for (const stream of [server.stdout, server.stderr]) {
        stream.on("data", (data) => {
          printed += data;
          if (lines.test(printed)) resolve();
        });
      }
    });
    await Promise.race([listens, once(server, "close")]);
    return { printed, code: server.exitCode };
  }

  it("the server prints its address, its store and what to try", async () => {
    const [, url = ""] = lines.exec((await start({ PORT: "0" })).printed) ?? [];
    expect((await fetch(url)).status).toBe(200);
  });

  it("the server prints one line when the port is taken", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { printed, code } = await start({ PORT: String(port) });
    other.close();
    expect(printed).toBe(`Port ${port} is taken. Try another one: PORT=8081 npm run demo\n`);
    expect(code).toBe(1);
  });

  it.each(["abc", "65536"])("the server prints one line when PORT is %o", async (port) => {
    const { printed, code } = await start({ PORT: port });
    expect(printed).toBe("PORT must be a number from 0 to 65535.\n");
    expect(code).toBe(1);
  });

  it("the server prints one line when SESSION_KEY is too short", async () => {
    const { printed, code } = await start({ PORT: "0", SESSION_KEY: "short" });
    expect(printed).toBe(
      'SESSION_KEY must have at least 32 bytes, such as the output of "openssl rand -base64 32".\n',
    );
    expect(code).toBe(1);
  });

  it("only INSECURE_COOKIE=1 removes Secure from the cookie", async () => {
    const cookies: (string | undefined)[] = [];
    for (const insecure of ["", "0", "1"]) {
      const { printed } = await start({ PORT: "0", INSECURE_COOKIE: insecure });
      const device = await Device.of(lines.exec(printed)?.[1] ?? "");
      const answer = await device.post("/register", { name: "Ann", password: "correct horse" });
      const name = insecure === "1" ? "sessionup" : "__Host-sessionup";
      cookies.push(setCookie(answer, name)?.replace(/=[^;]*/, "=…"));
      await device.discard();
    }
    const secure = "__Host-sessionup=…; Path=/; HttpOnly; Secure; SameSite=Strict";
    expect(cookies).toEqual([secure, secure, "sessionup=…; Path=/; HttpOnly; SameSite=Strict"]);
  });
});

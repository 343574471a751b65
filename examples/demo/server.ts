import { accessSync, constants } from "node:fs";
import type { AddressInfo } from "node:net";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createApp } from "./app.ts";
import { createManager } from "./manager.ts";
import { openStore } from "./stores.ts";
import { Users } from "./users.ts";

const { name, where } = readArguments();

// Safari rejects Secure cookies on http://localhost. Without Secure, an attacker on the network can read the cookie.
const secure = process.env.INSECURE_COOKIE !== "1";

const port = process.env.PORT || "8080";
if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65_535) fail("PORT must be a number from 0 to 65535.");

// Without a key, each start creates one, and browsers that signed in before count as new.
const key = process.env.SESSION_KEY;
if (key && Buffer.byteLength(key) < 32)
  fail('SESSION_KEY must have at least 32 bytes, such as the output of "openssl rand -base64 32".');

const opened = await openStore(name, where).catch((error: Error) => fail(error.message));
const manager = createManager(opened.store, { cookie: { secure }, ...(key && { keys: [key] }) });
manager.events.on("error", ({ error }) => console.error(error));

const { storage } = opened;
const app = createApp(manager, { users: openUsers(opened.accounts), ...(storage && { storage }) });
const server = app.listen(Number(port), (error?: NodeJS.ErrnoException) => {
  if (error?.code === "EADDRINUSE") fail(`Port ${port} is taken. Try another one: PORT=8081 npm run demo`);
  if (error) fail(`Cannot listen on port ${port}: ${error.message}`);
  console.log(`The demo runs at http://localhost:${(server.address() as AddressInfo).port}
Store: ${opened.label}. ${opened.accounts ? "Sign-ins survive a restart." : "Accounts and sign-ins are lost when the demo stops."}
Try: create an account, sign in again from another browser or a private window, and sign one out from the other.
Try: name a device, look at the activity, and sign out everywhere two minutes after you entered your password.`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    server.close();
    server.closeAllConnections();
    await manager.close();
    await opened.close();
    process.exit();
  });
}

function openUsers(file: string | undefined): Users {
  try {
    // Without this check, the first registration would fail.
    if (file !== undefined) accessSync(dirname(resolve(file)), constants.W_OK);
    return new Users(file);
  } catch (error) {
    if (error instanceof SyntaxError)
      return fail(`Cannot read the accounts in ${file}: the file is not valid JSON. Correct or delete it.`);
    return fail(
      `Cannot use ${file} for the accounts. Check that this user may read the file and write to its folder.`,
    );
  }
}

/** Reads the command line, such as `npm run demo -- --store sqlite demo.db`. */
function readArguments(): { name: string; where: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      options: { store: { type: "string", default: "memory" } },
      allowPositionals: true,
    });
    return { name: values.store, where: positionals[0] };
  } catch (error) {
    return fail(`${(error as Error).message.split(". ", 1)[0]}. Use: npm run demo -- --store sqlite demo.db`);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

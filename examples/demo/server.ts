import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { Manager } from "sessionup";
import { createApp } from "./app.ts";
import { openStore } from "./stores.ts";
import { Users } from "./users.ts";

const { name, where } = argumentsGiven();

// Safari refuses Secure cookies on http://localhost. Without Secure, anybody on the way can read the cookie.
const secure = process.env.INSECURE_COOKIE !== "1";

const port = process.env.PORT || "8080";
if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65_535) fail("PORT needs a number from 0 to 65535.");

const opened = await openStore(name, where).catch((error: Error) => fail(error.message));
const manager = new Manager(opened.store, { cookie: { secure } });
manager.events.on("error", ({ error }) => console.error(error));

const app = createApp(manager, Date.now, new Users(opened.accounts));
const server = app.listen(Number(port), (error?: NodeJS.ErrnoException) => {
  if (error?.code === "EADDRINUSE") fail(`Port ${port} is taken. Try another one: PORT=8081 npm run demo`);
  if (error) fail(`Cannot listen on port ${port}: ${error.message}`);
  console.log(`The demo runs at http://localhost:${(server.address() as AddressInfo).port}`);
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

/** `npm run demo -- --store sqlite demo.db`. */
function argumentsGiven(): { name: string; where: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      options: { store: { type: "string", default: "memory" } },
      allowPositionals: true,
    });
    return { name: values.store, where: positionals[0] };
  } catch (error) {
    return fail(`${(error as Error).message.split("\n", 1)[0]} Use: npm run demo -- --store sqlite demo.db`);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

import type { AddressInfo } from "node:net";
import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { createApp } from "./app.ts";

// Safari refuses Secure cookies on http://localhost. Without Secure, anybody on the way can read the cookie.
const secure = process.env.INSECURE_COOKIE !== "1";

const manager = new Manager(memoryStore(), { cookie: { secure } });
manager.events.on("error", ({ error }) => console.error(error));

const port = process.env.PORT || "8080";
if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65_535) fail("PORT needs a number from 0 to 65535.");

const server = createApp(manager).listen(Number(port), (error?: NodeJS.ErrnoException) => {
  if (error?.code === "EADDRINUSE") fail(`Port ${port} is taken. Try another one: PORT=8081 npm run demo`);
  if (error) fail(`Cannot listen on port ${port}: ${error.message}`);
  console.log(`The demo runs at http://localhost:${(server.address() as AddressInfo).port}`);
});

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer().listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
await once(server, "listening");
process.env.BASE_URL = `http://localhost:${(server.address() as AddressInfo).port}`;

const { app } = await import("./app.ts");
server.on("request", app);
console.log(process.env.BASE_URL);

import { Controller, type INestApplication, Post, Res } from "@nestjs/common";
import { IoAdapter } from "@nestjs/platform-socket.io";
import { WsAdapter } from "@nestjs/platform-ws";
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from "@nestjs/websockets";
import { Manager } from "sessionup";
import { type NestContext, nestSessions } from "sessionup/nest";
import { socketIoSessions } from "sessionup/socket.io";
import { memoryStore } from "sessionup/stores/memory";
import { wsSessions } from "sessionup/ws";
import type { Namespace, Server, Socket } from "socket.io";
import { io as connectTo } from "socket.io-client";
import { describe, expect, it } from "vitest";
import type { WebSocket, WebSocketServer } from "ws";
import type { ContractClient } from "../../../src/testing/adapter/client.ts";
import { freePort } from "../../support/servers/server.ts";
import { Connected, settle } from "../socket.io/site.ts";
import { handshake } from "../ws/site.ts";
import { PLATFORMS, type Platform, running } from "./app.ts";

const manager = new Manager(memoryStore());
const sessions = nestSessions(manager);
const ioSessions = socketIoSessions(manager);
const webSockets = wsSessions(manager);

@Controller()
class AccountController {
  @Post("login")
  async login(@Res({ passthrough: true }) res: NestContext): Promise<void> {
    await sessions.init(res, "ann");
  }

  @Post("logout")
  async logout(@Res({ passthrough: true }) res: NestContext): Promise<void> {
    await sessions.revoke(res);
  }
}

function runGateways(
  gateways: readonly (new () => object)[],
  platform: Platform,
  toAdapter: (app: INestApplication) => IoAdapter | WsAdapter,
  use: (client: ContractClient, origin: string) => Promise<void>,
): Promise<void> {
  const metadata = { controllers: [AccountController], providers: [...gateways] };
  return running(metadata, platform, use, { prepare: (app) => app.useWebSocketAdapter(toAdapter(app)) });
}

@WebSocketGateway({ namespace: "chat" })
class ChatGateway {
  afterInit(chat: Namespace): void {
    chat.use(ioSessions.auth());
  }

  @SubscribeMessage("whoami")
  whoami(@ConnectedSocket() socket: Socket): string {
    return ioSessions.require(socket).userKey;
  }
}

@WebSocketGateway()
class NewsGateway {
  afterInit(io: Server): void {
    io.use(ioSessions.public());
  }

  @SubscribeMessage("whoami")
  whoami(@ConnectedSocket() socket: Socket): string {
    return ioSessions.current(socket)?.userKey ?? "guest";
  }
}

const users = new WeakMap<WebSocket, string>();

@WebSocketGateway({ path: "/chat" })
class ChatSocketGateway {
  afterInit(wss: WebSocketServer): void {
    wss.handleUpgrade = webSockets.auth(wss);
  }

  handleConnection(client: WebSocket, req: Parameters<typeof webSockets.require>[0]): void {
    users.set(client, webSockets.require(req).userKey);
  }

  @SubscribeMessage("whoami")
  whoami(@ConnectedSocket() client: WebSocket): object {
    return { event: "whoami", data: users.get(client) };
  }
}

@WebSocketGateway({ path: "/news" })
class NewsSocketGateway {
  afterInit(wss: WebSocketServer): void {
    wss.handleUpgrade = webSockets.public(wss);
  }

  handleConnection(client: WebSocket, req: Parameters<typeof webSockets.require>[0]): void {
    client.send(webSockets.current(req)?.userKey ?? "guest");
  }
}

describe.each(PLATFORMS)("gateways of Nest on %s", (platform) => {
  it("a gateway with Socket.IO knows the user, rejects others, and ends with the session", () =>
    runGateways(
      [ChatGateway, NewsGateway],
      platform,
      (app) => new IoAdapter(app),
      async (client, origin) => {
        const open = async (namespace: string) => {
          const socket = connectTo(`${origin}${namespace}`, {
            forceNew: true,
            reconnection: false,
            extraHeaders: { cookie: client.cookieHeader() },
          });
          const connected = new Connected(socket);
          await settle(socket);
          return connected;
        };
        await expect(open("/chat")).rejects.toMatchObject({
          data: { status: 401, error: "unauthorized", reason: "no_cookie" },
        });
        const guest = await open("/");
        expect(await guest.socket.emitWithAck("whoami")).toBe("guest");
        await client.post("/login");
        const ann = await open("/chat");
        expect(await ann.socket.emitWithAck("whoami")).toBe("ann");
        await client.post("/logout");
        expect((await ann.closed).ended).toBe("logout");
        guest.socket.disconnect();
      },
    ));

  it("a gateway with ws knows the user, rejects others, and closes with the session", () =>
    runGateways(
      [ChatSocketGateway, NewsSocketGateway],
      platform,
      (app) => new WsAdapter(app),
      async (client, origin) => {
        const url = origin.replace("http", "ws");
        const open = (path: string) => handshake(`${url}${path}`, { cookie: client.cookieHeader() });
        const rejected = await open("/chat");
        expect([rejected.status, JSON.parse(rejected.body).reason]).toEqual([401, "no_cookie"]);
        const guest = await open("/news");
        await expect.poll(() => guest.socket.got).toEqual(["guest"]);
        await client.post("/login");
        const { status, socket } = await open("/chat");
        expect(status).toBe(101);
        expect(JSON.parse(await socket.ask(JSON.stringify({ event: "whoami" })))).toEqual({
          event: "whoami",
          data: "ann",
        });
        await client.post("/logout");
        expect(await socket.closed).toEqual({ code: 4401, reason: "logout" });
        guest.socket.ws.terminate();
      },
    ));

  it("auth throws in a gateway on its own port without a path, where ws itself accepts every connection", async () => {
    const errors: unknown[] = [];
    class OwnPortGateway {
      afterInit(wss: WebSocketServer): void {
        try {
          wss.handleUpgrade = webSockets.auth(wss);
        } catch (error) {
          // Nest lets it end the process.
          errors.push(error);
        }
      }
    }
    WebSocketGateway(await freePort())(OwnPortGateway);
    await runGateways(
      [OwnPortGateway],
      platform,
      (app) => new WsAdapter(app),
      async () => undefined,
    );
    expect(String(errors)).toMatch(
      /sessionup\/ws: server must be a WebSocketServer with \{ noServer: true \}/,
    );
  });
});

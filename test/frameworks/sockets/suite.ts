import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { signIn } from "sessionup/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { RawSocket } from "./raw-socket.ts";

/** A server with WebSockets under `/live` that only signed-in users may open. */
export interface SocketServer {
  /** The server's address, such as `http://127.0.0.1:3000`. */
  readonly origin: string;
  stop(): unknown;
}

export interface SocketApp {
  readonly title: string;
  /** Starts a server, which passes each message that it receives to `hear`. */
  start(manager: Manager, hear: (text: string) => void): Promise<SocketServer>;
  /** Further headers of the handshake. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The first message of a client, which the server answers, if the protocol has one. */
  readonly hello?: string;
  /** Returns the message that makes the app hear a text. Default: the text itself. */
  readonly toMessage?: (text: string) => string;
  /** The status for a page of another origin. Default: 403. */
  readonly crossOriginStatus?: number;
}

/** Tests the WebSockets of a library or runtime whose sockets `closeWithSession` closes. */
export function socketSuite({
  title,
  start,
  headers = {},
  hello,
  toMessage = (text) => text,
  crossOriginStatus = 403,
}: SocketApp): void {
  describe(`WebSockets: ${title}`, () => {
    async function setUp() {
      const store = memoryStore();
      const manager = new Manager(store);
      /** A manager in another process. */
      const elsewhere = new Manager(store);
      const heard: string[] = [];
      const { origin, stop } = await start(manager, (text) => heard.push(text));
      onTestFinished(async () => {
        await stop();
        await manager.close();
      });
      const cookie = await signIn(manager, "ann");
      const open = (more: Readonly<Record<string, string>> = { cookie }) => {
        const socket = new RawSocket(origin, "/live", { ...headers, ...more });
        onTestFinished(() => socket.end());
        return socket;
      };
      const say = (socket: RawSocket, text: string) => socket.send(toMessage(text));
      /** Opens a socket that the app listens to. */
      const connect = async (more?: Readonly<Record<string, string>>) => {
        const socket = open(more);
        expect(await socket.status).toBe(101);
        if (hello) {
          socket.send(hello);
          await expect.poll(() => socket.messages.length).toBe(1);
        }
        return socket;
      };
      return { origin, elsewhere, heard, cookie, open, connect, say };
    }

    it("opens for a signed-in user, and passes on messages", async () => {
      const { connect, say, heard, cookie, origin } = await setUp();
      const [script, page] = [await connect(), await connect({ cookie, origin })];
      say(script, "one");
      await expect.poll(() => heard).toEqual(["one"]);
      say(page, "two");
      await expect.poll(() => heard).toEqual(["one", "two"]);
    });

    it("does not open without a session", async () => {
      const { open, elsewhere } = await setUp();
      expect(await open({}).status).toBe(401);
      const socket = open();
      expect(await socket.status).toBe(101);
      await elsewhere.revokeByUserKey("ann");
      expect(await open().status).toBe(401);
    });

    it("does not open for a page of another origin", async () => {
      const { open, cookie } = await setUp();
      for (const foreign of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
      ])
        expect([foreign, await open({ cookie, ...foreign }).status]).toEqual([foreign, crossOriginStatus]);
    });

    it("closes with 4401 and the reason when another instance ends the session", async () => {
      const { connect, say, heard, elsewhere } = await setUp();
      const sockets = [await connect(), await connect()];
      for (const [index, socket] of sockets.entries()) say(socket, `socket ${index}`);
      await expect.poll(() => heard.length).toBe(2);
      await elsewhere.revokeByUserKey("ann");
      for (const socket of sockets) expect(await socket.closed).toEqual({ code: 4401, reason: "revoked" });
    });

    it("passes on no message after the close, also if the client does not confirm it", async () => {
      const { connect, say, heard, elsewhere } = await setUp();
      const socket = await connect();
      say(socket, "before");
      await expect.poll(() => heard).toEqual(["before"]);
      await elsewhere.revokeByUserKey("ann");
      await socket.closed;
      say(socket, "after");
      await new Promise((resolve) => setTimeout(resolve, 50));
      say(socket, "later");
      socket.confirmClose();
      await socket.gone;
      expect(heard).toEqual(["before"]);
    });
  });
}

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { TcpProxy } from "./tcp-proxy.ts";

const cleanUps: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Starts a server that answers each chunk with `<chunk>`, answers `bye` with `farewell` and an end, and logs chunks. */
async function startTalker(prefix = "") {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      asked.push(String(chunk));
      if (String(chunk) === "bye") socket.end("farewell");
      else socket.write(`${prefix}<${chunk}>`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  cleanUps.push(stop);
  return { port: (server.address() as AddressInfo).port, asked, stop };
}

async function proxyFor(target: number | (() => number)): Promise<TcpProxy> {
  const proxy = await new TcpProxy(target).start();
  cleanUps.push(() => proxy.stop());
  return proxy;
}

/** Connects a client that collects the data that it receives. */
async function dial(port: number) {
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let heard = "";
  socket.on("data", (chunk) => {
    heard += chunk;
  });
  socket.on("error", () => undefined);
  cleanUps.push(() => socket.destroy());
  await once(socket, "connect");
  return { socket, closed, heard: () => heard, say: (text: string) => void socket.write(text) };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("TcpProxy", () => {
  it("forwards the requests and replies of each connection", async () => {
    const { port } = await startTalker();
    const proxy = await proxyFor(port);
    const [one, two] = [await dial(proxy.port), await dial(proxy.port)];
    one.say("a");
    two.say("b");
    await expect.poll(one.heard).toBe("<a>");
    await expect.poll(two.heard).toBe("<b>");
    expect(proxy.connections).toBe(2);
  });

  it("forwards a server's last data before the end of the connection", async () => {
    const { port } = await startTalker();
    const proxy = await proxyFor(port);
    const client = await dial(proxy.port);
    client.say("bye");
    await client.closed;
    expect(client.heard()).toBe("farewell");
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it("refuse() breaks connections and refuses new ones until start() reopens the same port", async () => {
    const { port } = await startTalker();
    const proxy = await proxyFor(port);
    const before = await dial(proxy.port);
    const at = proxy.port;
    await proxy.refuse();
    await before.closed;
    await expect(dial(at)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await proxy.start();
    expect(proxy.port).toBe(at);
    const after = await dial(at);
    after.say("a");
    await expect.poll(after.heard).toBe("<a>");
  });

  it("mode hang forwards requests and holds replies in order until mode pass", async () => {
    const { port, asked } = await startTalker();
    const proxy = await proxyFor(port);
    const client = await dial(proxy.port);
    client.say("a");
    await expect.poll(client.heard).toBe("<a>");
    proxy.mode = "hang";
    const late = await dial(proxy.port);
    for (const [index, text] of ["b", "c"].entries()) {
      client.say(text);
      await expect.poll(() => asked.length).toBe(index + 2);
    }
    late.say("d");
    await expect.poll(() => asked.length).toBe(4);
    await pause(20);
    expect([client.heard(), late.heard()]).toEqual(["<a>", ""]);
    proxy.mode = "pass";
    await expect.poll(client.heard).toBe("<a><b><c>");
    await expect.poll(late.heard).toBe("<d>");
  });

  it("mode hang hides the end of the server's connection", async () => {
    const { port, asked } = await startTalker();
    const proxy = await proxyFor(port);
    const client = await dial(proxy.port);
    proxy.mode = "hang";
    client.say("bye");
    await expect.poll(() => asked.length).toBe(1);
    await pause(20);
    expect(proxy.connections).toBe(1);
    proxy.mode = "pass";
    await client.closed;
    expect(client.heard()).toBe("farewell");
  });

  it("mode cut breaks the connection in the middle of a reply and forwards nothing more", async () => {
    const { port, asked } = await startTalker();
    const proxy = await proxyFor(port);
    const client = await dial(proxy.port);
    proxy.mode = "cut";
    client.say("abcdef");
    await client.closed;
    expect(client.heard()).toBe("<abc");
    expect(asked).toEqual(["abcdef"]);
    const next = await dial(proxy.port);
    next.say("abcdef");
    await next.closed;
    expect(next.heard()).toBe("<abc");
  });

  it("mode cut after mode hang cuts the held replies", async () => {
    const { port, asked } = await startTalker();
    const proxy = await proxyFor(port);
    const client = await dial(proxy.port);
    proxy.mode = "hang";
    client.say("abcdef");
    await expect.poll(() => asked.length).toBe(1);
    client.say("ghijkl");
    await expect.poll(() => asked.length).toBe(2);
    await pause(20);
    proxy.mode = "cut";
    await client.closed;
    expect(client.heard()).toBe("<abc");
  });

  it("cutAll() breaks all connections and accepts new ones", async () => {
    const { port } = await startTalker();
    const proxy = await proxyFor(port);
    const clients = [await dial(proxy.port), await dial(proxy.port)];
    proxy.cutAll();
    for (const client of clients) await client.closed;
    const next = await dial(proxy.port);
    next.say("a");
    await expect.poll(next.heard).toBe("<a>");
  });

  it("resetAll() resets all connections with ECONNRESET", async () => {
    const { port } = await startTalker();
    const proxy = await proxyFor(port);
    const client = await dial(proxy.port);
    client.say("a");
    await expect.poll(client.heard).toBe("<a>");
    const error = once(client.socket, "error");
    proxy.resetAll();
    expect((await error)[0]).toMatchObject({ code: "ECONNRESET" });
    const next = await dial(proxy.port);
    next.say("b");
    await expect.poll(next.heard).toBe("<b>");
  });

  it("silence() silences existing connections for good, and new ones work", async () => {
    const { port, asked, stop } = await startTalker();
    const proxy = await proxyFor(port);
    const client = await dial(proxy.port);
    client.say("a");
    await expect.poll(client.heard).toBe("<a>");
    proxy.silence();
    client.say("b");
    const next = await dial(proxy.port);
    next.say("c");
    await expect.poll(next.heard).toBe("<c>");
    await stop();
    await next.closed;
    proxy.mode = "pass";
    await pause(20);
    expect(client.heard()).toBe("<a>");
    expect(client.socket.closed).toBe(false);
    expect(asked).toEqual(["a", "c"]);
  });

  it("connects to a replaced server and drops clients while there is no server", async () => {
    const first = await startTalker("1");
    const second = await startTalker("2");
    let port = first.port;
    const proxy = await proxyFor(() => port);
    const client = await dial(proxy.port);
    client.say("a");
    await expect.poll(client.heard).toBe("1<a>");
    await first.stop();
    await client.closed;
    await (await dial(proxy.port)).closed;
    port = second.port;
    const after = await dial(proxy.port);
    after.say("a");
    await expect.poll(after.heard).toBe("2<a>");
  });
});

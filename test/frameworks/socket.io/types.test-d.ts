import { createServer } from "node:http";
import express from "express";
import { Manager, type Session, type SessionError, typed } from "sessionup";
import { type SocketIoMiddleware, type SocketIoSocket, socketIoSessions } from "sessionup/socket.io";
import { memoryStore } from "sessionup/stores/memory";
import { type Namespace, Server, type Socket } from "socket.io";
import { describe, expectTypeOf, it } from "vitest";

const manager = new Manager(memoryStore());
const sessions = socketIoSessions(manager);

interface ToServer {
  note(text: string): void;
}
interface ToClient {
  hello(name: string): void;
}
interface BetweenServers {
  ping(): void;
}
interface Data {
  name: string;
}

describe("sessionup/socket.io", () => {
  it("returns middleware for servers and namespaces, also with typed events", () => {
    const io = new Server(createServer());
    io.use(sessions.auth());
    io.of("/open").use(sessions.public());
    io.of(/^\/room-/).use(sessions.auth());
    io.on("new_namespace", (namespace) => void namespace.use(sessions.auth()));
    const typedIo = new Server<ToServer, ToClient, BetweenServers, Data>();
    typedIo.use(sessions.auth()).on("connection", (socket) => {
      expectTypeOf(sessions.require(socket)).toEqualTypeOf<Session>();
      expectTypeOf(sessions.current(socket)).toEqualTypeOf<Session | undefined>();
      socket.data.name = sessions.require(socket).userKey;
    });
    typedIo.of("/chat").use(sessions.public());
    expectTypeOf<Socket>().toExtend<SocketIoSocket>();
    expectTypeOf<Socket<ToServer, ToClient, BetweenServers, Data>>().toExtend<SocketIoSocket>();
    expectTypeOf(sessions.auth).returns.toEqualTypeOf<SocketIoMiddleware>();
  });

  it("names rooms", () => {
    const io = new Server();
    expectTypeOf(sessions.userRoom).toEqualTypeOf<(userKey: string) => string>();
    io.to(sessions.userRoom("ann")).emit("hello");
    io.of("/chat")
      .to([sessions.userRoom("ann"), sessions.sessionRoom("id")])
      .emit("hello");
  });

  it("passes the error and the socket to reject", () => {
    socketIoSessions(manager, {
      rooms: false,
      reject: (error, socket) => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        expectTypeOf(socket).toEqualTypeOf<SocketIoSocket>();
        return new Error(error.code);
      },
    });
    // @ts-expect-error not an Error
    socketIoSessions(manager, { reject: () => "no" });
    // @ts-expect-error unknown option
    socketIoSessions(manager, { refuse: () => new Error() });
  });

  it("infers the metadata", () => {
    const own = socketIoSessions(new Manager(memoryStore(), { meta: typed<{ role: string }>() }));
    new Server().on("connection", (socket) => {
      expectTypeOf(own.require(socket).meta.role).toEqualTypeOf<string>();
    });
  });

  it("rejects other contexts and other servers", () => {
    // @ts-expect-error a request is not a context
    express().get("/", (req) => void sessions.get(req));
    // @ts-expect-error a remote socket has no connection
    new Server().fetchSockets().then(([remote]) => remote && sessions.get(remote));
    const namespace: Namespace = new Server().of("/");
    namespace.use(sessions.auth());
  });
});

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import express from "express";
import { Manager, type Session, type SessionError, typed } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { type WsServer, type WsSocket, wsSessions } from "sessionup/ws";
import { describe, expectTypeOf, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";

const manager = new Manager(memoryStore());
const sessions = wsSessions(manager);

describe("sessionup/ws", () => {
  it("accepts a WebSocketServer of ws, also with its own WebSocket class", () => {
    class Room extends WebSocket {
      name = "";
    }
    const plain = new WebSocketServer({ noServer: true });
    const rooms = new WebSocketServer({ noServer: true, WebSocket: Room });
    rooms.on("connection", (ws, req) => {
      expectTypeOf(ws.name).toEqualTypeOf<string>();
      expectTypeOf(sessions.require(req)).toEqualTypeOf<Session>();
    });
    expectTypeOf(plain).toExtend<WsServer>();
    expectTypeOf(rooms).toExtend<WsServer>();
    expectTypeOf<WebSocket>().toExtend<WsSocket>();
    sessions.auth(plain);
    sessions.public(rooms);
  });

  it("returns an upgrade listener for node:http, node:https and Express", () => {
    const wss = new WebSocketServer({ noServer: true });
    createServer().on("upgrade", sessions.auth(wss));
    createSecureServer().on("upgrade", sessions.public(wss));
    express().listen(0).on("upgrade", sessions.auth(wss));
    const guarded = sessions.auth(wss);
    createServer().on("upgrade", (req, socket, head) => {
      if (req.url === "/chat") void guarded(req, socket, head);
      else socket.destroy();
    });
  });

  it("returns a replacement for handleUpgrade", () => {
    class Room extends WebSocket {
      name = "";
    }
    const wss = new WebSocketServer({ noServer: true, WebSocket: Room });
    wss.handleUpgrade = sessions.auth(wss);
    wss.handleUpgrade = sessions.public(wss);
  });

  it("types the session in ws's handlers", () => {
    new WebSocketServer({
      noServer: true,
      verifyClient: ({ req }, done) => done(sessions.require(req).userKey === "ann"),
    }).on("connection", (ws, req) => {
      expectTypeOf(sessions.current(req)).toEqualTypeOf<Session | undefined>();
      // @ts-expect-error a socket is not a context
      sessions.require(ws);
    });
  });

  it("passes the request and Node's response to reject", () => {
    wsSessions(manager, {
      reject: (error, request, response) => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        expectTypeOf(request).toEqualTypeOf<IncomingMessage>();
        expectTypeOf(response).toEqualTypeOf<ServerResponse>();
        response.writeHead(error.status).end();
      },
    });
    // @ts-expect-error unknown option
    wsSessions(manager, { refuse: () => {} });
  });

  it("infers the metadata", () => {
    const own = wsSessions(new Manager(memoryStore(), { meta: typed<{ role: string }>() }));
    new WebSocketServer({ noServer: true }).on("connection", async (_ws, req) => {
      // @ts-expect-error the metadata is required
      await own.init(req, "user-1");
      expectTypeOf(own.require(req).meta.role).toEqualTypeOf<string>();
    });
  });

  it("rejects other servers", () => {
    // @ts-expect-error not a WebSocketServer
    sessions.auth(createServer());
  });
});

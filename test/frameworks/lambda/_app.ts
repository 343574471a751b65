import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { type LambdaContext, type LambdaResult, lambdaSessions } from "sessionup/lambda";
import { sessionRoutes } from "sessionup/routes";
import type { ContractApp } from "sessionup/testing";

/** Receives the stream of a contract route, for functions that can stream. */
export interface Streams {
  stream?: AsyncIterable<string>;
}

/**
 * Creates the contract's app as one function. Its second argument, AWS's context elsewhere, receives streams.
 */
export function lambdaApp({ manager, admins, reject, routes }: ContractApp<LambdaContext>) {
  const sessions = lambdaSessions(manager);
  const adminSessions = lambdaSessions(admins);
  const account = sessionRoutes(sessions, { path: "/account" });
  const throwing = lambdaSessions(manager, { reject }).auth;
  const wrappers = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const handlers = new Map<string, (event: APIGatewayProxyEventV2, streams: Streams) => Promise<unknown>>();
  for (const { method, path, guard = "public", options, run } of routes(sessions, adminSessions)) {
    const handler = wrappers[guard](async (context: LambdaContext, streams: Streams): Promise<unknown> => {
      const { status, json, redirect, stream, cookie, headers, failure } = await run(
        context,
        new URLSearchParams(context.event.rawQueryString),
      );
      if (failure) throw failure;
      const result: LambdaResult = cookie ? { cookies: [cookie.join("=")] } : {};
      if (redirect) return { ...result, statusCode: 303, headers: { ...headers, location: redirect } };
      if (stream) {
        streams.stream = stream;
        return { ...result, statusCode: 200, headers: { ...headers, "content-type": "text/plain" } };
      }
      // The test lets AWS infer the result where it can. From a string, AWS would drop the quotes.
      if (status === undefined && !cookie && !headers && JSON.stringify(json)?.[0] !== '"')
        return json ?? null;
      return {
        ...result,
        statusCode: status ?? 200,
        headers: { ...headers, ...JSON_TYPE },
        body: JSON.stringify(json ?? null),
      };
    }, options);
    handlers.set(`${method} ${path}`, handler);
  }
  return async (event: APIGatewayProxyEventV2, streams: Streams): Promise<unknown> => {
    const { http, stage } = event.requestContext;
    const method = http.method === "HEAD" ? "GET" : http.method;
    const path = stage === "$default" ? event.rawPath : event.rawPath.slice(stage.length + 1);
    const handler = handlers.get(`${method} ${path}`);
    return (await (handler ?? account)(event, streams)) ?? { statusCode: 404 };
  };
}

const JSON_TYPE = { "content-type": "application/json" };

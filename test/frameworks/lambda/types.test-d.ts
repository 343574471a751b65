import type {
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyEventV2WithIAMAuthorizer,
  APIGatewayProxyEventV2WithJWTAuthorizer,
  APIGatewayProxyHandlerV2,
  APIGatewayProxyHandlerV2WithJWTAuthorizer,
  APIGatewayProxyResultV2,
  APIGatewayProxyStructuredResultV2,
  Context,
  LambdaFunctionURLEvent,
  LambdaFunctionURLHandler,
  LambdaFunctionURLResult,
} from "aws-lambda";
import { Manager, type Session, type SessionError, typed } from "sessionup";
import {
  type AuthenticatedLambdaContext,
  type LambdaContext,
  type LambdaEvent,
  type LambdaResult,
  lambdaSessions,
} from "sessionup/lambda";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expectTypeOf, it } from "vitest";

const store = memoryStore();
const sessions = lambdaSessions(new Manager(store));
const themed = lambdaSessions(new Manager(store, { meta: typed<{ theme: string }>() }));

describe("the types of AWS", () => {
  it("lambdaSessions accepts AWS's events with any authorizer", () => {
    expectTypeOf<APIGatewayProxyEventV2>().toExtend<LambdaEvent>();
    expectTypeOf<LambdaFunctionURLEvent>().toExtend<LambdaEvent>();
    expectTypeOf<APIGatewayProxyEventV2WithJWTAuthorizer>().toExtend<LambdaEvent>();
    expectTypeOf<APIGatewayProxyEventV2WithIAMAuthorizer>().toExtend<LambdaEvent>();
    expectTypeOf<APIGatewayProxyEvent>().not.toExtend<LambdaEvent>();
  });

  it("a Lambda result and AWS's result are assignable to each other", () => {
    expectTypeOf<LambdaResult>().toExtend<APIGatewayProxyStructuredResultV2>();
    expectTypeOf<APIGatewayProxyStructuredResultV2>().toExtend<LambdaResult>();
    expectTypeOf<LambdaResult>().toExtend<APIGatewayProxyResultV2>();
    expectTypeOf<LambdaResult>().toExtend<LambdaFunctionURLResult>();
  });

  it("wrapped functions fit AWS's handler types and pass on their arguments' types", () => {
    const plain: APIGatewayProxyHandlerV2 = sessions.auth(() => "text");
    const url: LambdaFunctionURLHandler = sessions.public(async () => ({ statusCode: 204 }));
    const json: APIGatewayProxyHandlerV2<readonly Session[]> = sessions.auth((context) =>
      sessions.fetchAll(context),
    );
    const given: APIGatewayProxyHandlerV2 = sessions.auth(async (context, lambda) => {
      expectTypeOf(context.event).toEqualTypeOf<APIGatewayProxyEventV2>();
      expectTypeOf(lambda).toEqualTypeOf<Context>();
      return { statusCode: 200, body: context.session.userKey };
    });
    const claims: APIGatewayProxyHandlerV2WithJWTAuthorizer = sessions.auth(({ event }) =>
      String(event.requestContext.authorizer.jwt.claims.sub),
    );
    // @ts-expect-error AWS would serialize a number, but its type does not allow one
    const wrong: APIGatewayProxyHandlerV2 = sessions.auth(() => 7);
    expectTypeOf([plain, url, json, given, claims, wrong]).not.toBeAny();
  });
});

describe("the type of the Lambda context", () => {
  it("the context's session is defined behind auth and optional behind public", () => {
    sessions.auth(({ session, event }) => {
      expectTypeOf(session).toEqualTypeOf<Session>();
      expectTypeOf(event).toEqualTypeOf<LambdaEvent>();
    });
    sessions.public(({ session }) => {
      expectTypeOf(session).toEqualTypeOf<Session | undefined>();
    });
    themed.auth(({ session }) => {
      expectTypeOf(session.meta).toEqualTypeOf<{ theme: string }>();
    });
  });

  it("the context has the event type that a separate handler declares", async () => {
    const apart = async (
      context: AuthenticatedLambdaContext<undefined, APIGatewayProxyEventV2WithJWTAuthorizer>,
      lambda: Context,
    ) => ({
      sub: context.event.requestContext.authorizer.jwt.claims.sub,
      left: lambda.getRemainingTimeInMillis(),
      devices: await sessions.fetchAll(context),
    });
    const handler = sessions.auth(apart);
    expectTypeOf(handler).parameters.toEqualTypeOf<[APIGatewayProxyEventV2WithJWTAuthorizer, Context]>();
    // @ts-expect-error the event of a function without that authorizer
    const plain: APIGatewayProxyHandlerV2 = handler;
    expectTypeOf(plain).not.toBeAny();
  });

  it("the methods accept the context, not the event and not Lambda's own context", () => {
    const wrong = (event: APIGatewayProxyEventV2, lambda: Context) => {
      // @ts-expect-error the event
      void sessions.get(event);
      // @ts-expect-error Lambda's own context
      void sessions.get(lambda);
    };
    expectTypeOf(wrong).toBeFunction();
    expectTypeOf<LambdaContext<undefined, APIGatewayProxyEventV2>>().toExtend<LambdaContext>();
  });

  it("init requires metadata that has no default", () => {
    themed.public(async (context) => {
      // @ts-expect-error the theme is missing
      await themed.init(context, "ann");
      return themed.init(context, "ann", { meta: { theme: "dark" } });
    });
  });
});

describe("the option types of lambdaSessions", () => {
  it("reject and peerAddress can declare AWS's types", () => {
    lambdaSessions(new Manager(store), {
      peerAddress: (event: LambdaFunctionURLEvent) => event.headers["cloudfront-viewer-address"],
      reject: (error, event): APIGatewayProxyStructuredResultV2 => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        expectTypeOf(event).toEqualTypeOf<LambdaFunctionURLEvent>();
        return { statusCode: 303, headers: { location: `/login?from=${event.rawPath}` } };
      },
    });
    lambdaSessions(new Manager(store), { reject: async ({ status }) => ({ statusCode: status }) });
    // @ts-expect-error a string has no status
    lambdaSessions(new Manager(store), { reject: () => "no" });
    // @ts-expect-error not an event of Lambda
    lambdaSessions(new Manager(store), { reject: (_error, _event: Date) => ({}) });
  });

  it("sessionRoutes returns a function that resolves to a result or undefined", () => {
    expectTypeOf(sessionRoutes(sessions)).returns.resolves.toEqualTypeOf<LambdaResult | undefined>();
  });
});

import { bearer } from "../bearer/bearer.ts";
import type { Sessions } from "../http/sessions.ts";
import { Manager } from "../manager.ts";
import { previousCookies } from "../previous-cookies/previous-cookies.ts";
import { type AppLogin, contractRoutes } from "./adapter/app.ts";
import { throwUndefined } from "./adapter/app-responses.ts";
import { bearerTests } from "./adapter/bearer.ts";
import { cachingTests } from "./adapter/caching.ts";
import { ContractClient } from "./adapter/client.ts";
import { cookieTests } from "./adapter/cookies.ts";
import { crossOriginTests } from "./adapter/cross-origin.ts";
import { failureTests } from "./adapter/failures.ts";
import { SwitchableStore, TRUSTED_ORIGIN } from "./adapter/fixture.ts";
import { initTests } from "./adapter/init.ts";
import { methodTests } from "./adapter/methods.ts";
import { middlewareTests } from "./adapter/middleware.ts";
import type { ContractRoute } from "./adapter/route.ts";
import { routeTests } from "./adapter/routes.ts";
import { type ContractSkip, runContract, type TestRunner } from "./contract.ts";
import { TestClock } from "./test-clock.ts";

/** The parts from which the adapter's test builds its app. */
export interface ContractApp<Context> {
  /** The manager of the guards `public` and `auth`, and of the ready-made routes under `/account`. */
  readonly manager: Manager;
  /** The manager of the guard `admin`, over the same store. */
  readonly admins: Manager;
  /** The option `reject` of the adapter whose `auth` is the guard `throwing`. Throws `undefined`. */
  readonly reject: () => never;
  /**
   * Returns the routes of the app, for the adapter's sessions over both managers. An adapter whose sessions have no context
   * passes its own login by `initBearer`, for the first manager.
   */
  routes(
    sessions: Sessions<Context>,
    admins: Sessions<Context>,
    apps?: AppLogin<Context>,
  ): readonly ContractRoute<Context>[];
}

/** The options of `adapterContract`. */
export interface AdapterContractOptions<Context> {
  /** Registers the routes with the framework and starts its real server on a free port of 127.0.0.1. */
  readonly start: (app: ContractApp<Context>) => Promise<{ readonly origin: string; close(): Promise<void> }>;
  /** Tests that the adapter cannot pass, by their ids. Default: none. */
  readonly skip?: readonly ContractSkip[];
}

/**
 * Registers the tests that every adapter passes, over real HTTP. Works with every test runner. The contract provides the
 * app's routes; the adapter's test registers them with the framework.
 *
 * Throws `TypeError` when `skip` names a test that does not exist.
 */
export function adapterContract<Context>(
  runner: TestRunner,
  { start, skip = [] }: AdapterContractOptions<Context>,
): void {
  const tests = [
    ...initTests,
    ...middlewareTests,
    ...cookieTests,
    ...failureTests,
    ...methodTests,
    ...routeTests,
    ...cachingTests,
    ...crossOriginTests,
    ...bearerTests,
  ];
  runContract(runner, tests, skip, async (use) => {
    const clock = new TestClock();
    const store = new SwitchableStore();
    const manager = new Manager(store, {
      clock: clock.now,
      trustedOrigins: [TRUSTED_ORIGIN],
      transports: ["cookie", bearer()],
    });
    // One previous cookie of another name, and one of the same name with other attributes.
    const previous = previousCookies([{ name: "old-admin" }, { name: "admin", partitioned: true }]);
    const admins = manager.with({ cookie: { name: "admin", previous }, transports: ["cookie"] });
    const { origin, close } = await start({
      manager,
      admins,
      reject: throwUndefined,
      routes: contractRoutes,
    });
    try {
      await use({
        origin,
        clock,
        store,
        manager,
        client: (headers) => new ContractClient(origin, headers),
      });
    } finally {
      await close();
      await manager.close();
    }
  });
}

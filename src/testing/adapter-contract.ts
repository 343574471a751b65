import type { Sessions } from "../http/sessions.ts";
import { Manager } from "../manager.ts";
import { ADAPTER_TESTS } from "./_adapter-tests.ts";
import { CACHING_TESTS } from "./_caching-tests.ts";
import { type ContractRoute, contractRoutes, SwitchableStore, throwUndefined } from "./_contract-app.ts";
import { ContractClient } from "./_contract-client.ts";
import { CROSS_ORIGIN_TESTS, FRIEND } from "./_cross-origin-tests.ts";
import { ROUTES_TESTS } from "./_routes-tests.ts";
import { VERBS_TESTS } from "./_verbs-tests.ts";
import { type ContractSkip, runContract, type TestRunner } from "./contract.ts";
import { TestClock } from "./test-clock.ts";

/** What the adapter's test is to build its app from. */
export interface ContractApp<Context> {
  /** Whose middleware the guards `public` and `auth` are, and whose ready-made routes are to be under `/account`. */
  readonly manager: Manager;
  /** Whose `auth` the guard `admin` is: another manager over the same store. */
  readonly admins: Manager;
  /** The option `reject` of the adapter whose `auth` the guard `throwing` is: throws `undefined`. */
  readonly reject: () => never;
  /** The routes, given the adapter's verbs over both. */
  routes(sessions: Sessions<Context>, admins: Sessions<Context>): readonly ContractRoute<Context>[];
}

/** What the contract needs of an adapter's author. */
export interface AdapterContractOptions<Context> {
  /** Registers the routes with the framework and starts its real server on a free port of 127.0.0.1. */
  readonly start: (app: ContractApp<Context>) => Promise<{ readonly origin: string; close(): Promise<void> }>;
  readonly skip?: readonly ContractSkip[];
}

/** A running app, for one test. @internal */
export interface AdapterFixture {
  readonly origin: string;
  readonly clock: TestClock;
  readonly store: SwitchableStore;
  readonly manager: Manager;
  client(headers?: Readonly<Record<string, string>>): ContractClient;
}

/**
 * What every adapter does, over real HTTP. Bound to no test runner; the app and its routes are the contract's, their
 * registration is the framework's.
 */
export function adapterContract<Context>(
  runner: TestRunner,
  { start, skip = [] }: AdapterContractOptions<Context>,
): void {
  runContract<AdapterFixture>(
    runner,
    { ...ADAPTER_TESTS, ...VERBS_TESTS, ...ROUTES_TESTS, ...CACHING_TESTS, ...CROSS_ORIGIN_TESTS },
    skip,
    async (use) => {
      const clock = new TestClock();
      const store = new SwitchableStore();
      const manager = new Manager(store, { clock: clock.now, trustedOrigins: [FRIEND] });
      // Two that it was before: one of another name, and one of the same.
      const previous = [{ name: "old-admin" }, { name: "admin", partitioned: true }];
      const admins = manager.with({ cookie: { name: "admin", previous } });
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
    },
  );
}

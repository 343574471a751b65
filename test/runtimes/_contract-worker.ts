/** A Worker that runs the adapters' contract. Its tests send requests to the app in the same Worker. */
import { adapterContract } from "sessionup/testing";
import { FETCH_SKIP, fetchApp } from "../frameworks/fetch/app.ts";

/** The outcome of one test. */
export interface Outcome {
  readonly group: string;
  readonly title: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly error?: string;
}

/**
 * The tests and the app share one object, and so a clock, a store and their I/O, which two requests cannot
 * share.
 */
export class Contract {
  #answer: (request: Request) => Promise<Response> = async () => new Response(null, { status: 404 });

  async fetch(request: Request): Promise<Response> {
    const { pathname, origin } = new URL(request.url);
    return pathname === "/run-the-contract" ? Response.json(await this.#run(origin)) : this.#answer(request);
  }

  async #run(origin: string): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const tests: Array<() => Promise<void>> = [];
    let group = "";
    const runner = {
      describe(title: string, body: () => void) {
        group = title;
        body();
      },
      it: Object.assign(
        (title: string, body: () => Promise<void>) => {
          const name = { group, title };
          tests.push(async () => {
            try {
              await body();
              outcomes.push({ ...name, status: "passed" });
            } catch (error) {
              const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
              outcomes.push({ ...name, status: "failed", error: text });
            }
          });
        },
        { skip: (title: string) => outcomes.push({ group, title, status: "skipped" }) },
      ),
    };
    adapterContract(runner, {
      skip: FETCH_SKIP,
      start: async (app) => {
        this.#answer = fetchApp(app, (request) => request.headers.get("cf-connecting-ip") ?? undefined);
        return { origin, close: async () => undefined };
      },
    });
    for (const test of tests) await test();
    return outcomes;
  }
}

interface Env {
  readonly CONTRACT: {
    idFromName(name: string): object;
    get(id: object): { fetch(request: Request): Promise<Response> };
  };
}

export default {
  fetch(request: Request, { CONTRACT }: Env): Promise<Response> {
    return CONTRACT.get(CONTRACT.idFromName("the only one")).fetch(request);
  },
};

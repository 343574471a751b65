import { memoryStore } from "sessionup/stores/memory";
import { adapterContract, storeContract, type TestRunner } from "sessionup/testing";
import { describe, expect, it } from "vitest";

/** A runner that records the titles without running the tests. */
class RecordingRunner implements TestRunner {
  readonly groups: string[] = [];
  readonly tests: string[] = [];
  readonly skipped: string[] = [];

  describe = (title: string, body: () => void): void => {
    this.groups.push(title);
    body();
  };
  it = Object.assign((title: string) => void this.tests.push(title), {
    skip: (title: string) => void this.skipped.push(title),
  });
}

const CONTRACTS = {
  storeContract: (runner: TestRunner, skip: readonly string[] = []) =>
    storeContract(runner, {
      create: () => memoryStore(),
      another: (store) => store,
      skip: [{ reason: "no reason", tests: skip }],
    }),
  adapterContract: (runner: TestRunner, skip: readonly string[] = []) =>
    adapterContract(runner, {
      start: () => Promise.reject(new Error("no test runs")),
      skip: [{ reason: "no reason", tests: skip }],
    }),
};

function record(contract: keyof typeof CONTRACTS, skip?: readonly string[]): RecordingRunner {
  const runner = new RecordingRunner();
  CONTRACTS[contract](runner, skip);
  return runner;
}

describe.each(["storeContract", "adapterContract"] as const)("%s", (contract) => {
  const { groups, tests } = record(contract);
  const ids = tests.map((title) => /\[([^[\]]+)\]$/.exec(title)?.[1] ?? title);

  it("every test ends its title with an id of a group and a name in kebab case", () => {
    for (const id of ids) expect(id).toMatch(/^[a-z]+(-[a-z]+)*\/[a-z]+(-[a-z]+)*$/);
  });

  it("no two tests have the same id or the same title", () => {
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(tests).size).toBe(ids.length);
  });

  it("each group is registered once, with the tests whose ids start with it", () => {
    expect(groups).toEqual([...new Set(ids.map((id) => id.split("/")[0]))]);
  });

  // A renamed id breaks the `skip` option of stores and adapters outside of this repository, so the changelog must name it.
  it("the ids have not changed", async () => {
    await expect(`${ids.join("\n")}\n`).toMatchFileSnapshot(`_${contract}-ids.txt`);
  });
});

describe("skip", () => {
  it("skip takes ids, and the skipped tests show their id and the reason", () => {
    const { tests, skipped } = record("storeContract", ["close/twice", "create/duplicate-id"]);
    expect(skipped).toEqual([
      "create rejects an id that is already stored and changes nothing [create/duplicate-id] (skipped: no reason)",
      "close can be called twice [close/twice] (skipped: no reason)",
    ]);
    expect(tests).toHaveLength(record("storeContract").tests.length - 2);
  });

  it("skip takes the name of a group for all its tests", () => {
    const { skipped } = record("storeContract", ["count", "close"]);
    expect(skipped.map((title) => /\[(.*?)\]/.exec(title)?.[1])).toEqual(["close/twice", "count/live"]);
  });

  it("an unknown id in a known group throws a TypeError that lists the ids of the group", () => {
    expect(() => record("storeContract", ["close/once"])).toThrow(
      new TypeError(
        'skip must name tests of the contract by their ids. Received "close/once". The tests of "close" are close/twice.',
      ),
    );
  });

  it("an unknown group throws a TypeError that lists the groups and says where the ids are printed", () => {
    expect(() => record("storeContract", ["can be called twice"])).toThrow(
      /^skip must name tests .* Received "can be called twice"\. The groups are fetch-by-id, .*, races, and each test prints its id after its title\.$/,
    );
  });
});

import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The slowest files, slowest first. File sizes do not predict their duration. Files that mostly wait alternate with files
 * that mostly compute, and so do the runtimes, each of which runs a vitest of its own.
 */
const SLOWEST: readonly string[] = [
  "runtimes/engines",
  "stores/redis/contract",
  "frameworks/next/next-15",
  "stores/postgres/contract",
  "runtimes/deno",
  "stores/redis/outages",
  "browser/demo",
  "frameworks/sveltekit/app",
  "runtimes/bun",
  "stores/postgres/outages",
  "frameworks/ws/many",
  "frameworks/h3/nuxt",
  "examples/demo/stores",
  "runtimes/node",
  "frameworks/next/handlers",
  "frameworks/node/nitro-2",
  "stores/mysql/contract",
  "runtimes/workerd",
  "frameworks/h3/nitro",
  "stores/redis/outages-clients",
  "stores/mysql/mariadb",
];

/** Other slow files: real servers, other runtimes, builds of apps. */
const SLOW: readonly RegExp[] = [
  /test\/(stores\/(mysql|postgres|redis)|runtimes|browser|examples)\//,
  /test\/stores\/|test\/security\/rotation|test\/frameworks\/(next|nest|node|sveltekit|ws)/,
];

/** Starts with the slowest files, so that no worker is idle at the end. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = SLOWEST.findIndex((path) => moduleId.endsWith(`/test/${path}.test.ts`));
  if (place !== -1) return place;
  const tier = SLOW.findIndex((slow) => slow.test(moduleId));
  return SLOWEST.length + (tier === -1 ? SLOW.length : tier);
}

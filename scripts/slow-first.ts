import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The slowest files, slowest first. File sizes do not predict their duration. Files that mostly wait alternate with files
 * that mostly compute. The first one installs the runtimes, for which the others that need them would wait.
 */
const SLOWEST: readonly string[] = [
  "runtimes/engines",
  "browser/site",
  "stores/postgres/outages",
  "stores/redis/contract",
  "stores/postgres/contract",
  "examples/demo/stores",
  "runtimes/workerd",
  "stores/redis/outages",
  "runtimes/node",
  "stores/redis/push",
  "stores/mysql/contract",
  "runtimes/bun",
  "stores/mysql/push",
  "examples/next",
  "examples/auth-libraries/authjs-next",
  "stores/mysql/mariadb",
  "runtimes/deno",
  "stores/mysql/outages",
  "browser/demo",
  "frameworks/h3/nuxt",
  "frameworks/sveltekit/app",
  "frameworks/next/next-15",
  "frameworks/next/handlers",
  "stores/lmdb/processes",
  "stores/sqlite/processes",
  "frameworks/ws/many",
  "frameworks/node/nitro-2",
  "frameworks/h3/nitro",
];

/** Other slow files: real servers, other runtimes, builds of apps. */
const SLOW: readonly RegExp[] = [
  /test\/(stores\/(mysql|postgres|redis)|runtimes|browser|examples)\//,
  /test\/(stores|cache)\/|test\/frameworks\/(next|nest|node|sse|sockets|sveltekit|ws)/,
];

/** The slow files of those that share a process. */
const SLOW_SMALL = /test\/(docs|packaging|recipes|security)\//;

/** Starts with the slowest files, so that no worker is idle at the end. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  const place = SLOWEST.findIndex((path) => moduleId.endsWith(`/test/${path}.test.ts`));
  if (place !== -1) return place;
  // Files that share a process must follow one another: Vitest ends the process when another file is next.
  if (!project.config.isolate) return SLOWEST.length + SLOW.length + (SLOW_SMALL.test(moduleId) ? 1 : 2);
  const tier = SLOW.findIndex((slow) => slow.test(moduleId));
  return SLOWEST.length + (tier === -1 ? SLOW.length : tier);
}

import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The slowest files, slowest first. File sizes do not predict their duration. Files that mostly wait alternate with files
 * that mostly compute. The first one installs the runtimes, so the others that need them come when that is done.
 */
const SLOWEST: readonly string[] = [
  "runtimes/engines",
  "browser/site",
  "cli/stores",
  "stores/redis/contract",
  "examples/auth-libraries/authjs-next",
  "stores/postgres/contract",
  "examples/next",
  "runtimes/workerd",
  "runtimes/node",
  "stores/postgres/outages",
  "runtimes/bun",
  "stores/mysql/push",
  "runtimes/deno",
  "cli/audit",
  "frameworks/h3/nuxt",
  "frameworks/next/next-15",
  "stores/mysql/contract",
  "browser/demo",
  "stores/mysql/mariadb",
  "stores/redis/ended-once",
  "frameworks/sveltekit/app",
  "examples/demo/stores",
  "cli/program",
  "stores/libsql/contract",
  "stores/redis/outages",
  "stores/redis/scan",
  "stores/lmdb/processes",
  "cache/postgres",
  "stores/mysql/outages",
  "audit/mysql",
  "stores/mysql/scan",
  "examples/sveltekit",
  "runtimes/jsr",
  "frameworks/h3/nitro",
  "frameworks/next/handlers",
  "stores/postgres/push",
  "stores/redis/push",
  "stores/redis/push-failover",
  "recipes/neon",
  "stores/sqlite/processes",
  "frameworks/node/nitro-2",
  "browser/demo-pages",
];

/** Other slow files: real servers, other runtimes, builds of apps. */
const SLOW: readonly RegExp[] = [
  /test\/(stores\/(mysql|postgres|redis)|runtimes|browser|examples)\//,
  /test\/(stores|cache|audit|cli|recipes)\/|test\/frameworks\/(next|nest|node|sse|sockets|sveltekit|ws)/,
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

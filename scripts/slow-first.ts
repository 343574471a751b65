import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Slow tests, slowest first: real servers, other runtimes, builds of apps. File sizes do not predict their duration. */
const SLOW: readonly RegExp[] = [
  /test\/stores\/(redis|postgres)\/contract|test\/runtimes\/|test\/frameworks\/(next\/(next|handlers)|h3\/n)/,
  /test\/stores\/(mysql|postgres|redis)\//,
  /test\/stores\//,
  /test\/(browser|examples)\/|test\/security\/rotation|test\/frameworks\/(next|nest|node|sveltekit|ws)/,
];

/** Starts with the slowest files, so that no worker is idle at the end. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const found = SLOW.findIndex((slow) => slow.test(moduleId));
      return found === -1 ? SLOW.length : found;
    };
    return sorted.sort((one, other) => rank(one) - rank(other));
  }
}

/** The number of rounds of each race, each with its own user. `RACE_ROUNDS` sets more for a long run. */
export const ROUNDS: number = Number(process.env.RACE_ROUNDS ?? 100);

/** The number of rounds that run concurrently. A real server is then busy, and its replies come in any order. */
const AT_A_TIME = 10;

/** Starts all tasks, in an order and with delays that depend on `number`. Returns the answers in the tasks' order. */
export async function atOnce(
  number: number,
  tasks: ReadonlyArray<() => Promise<unknown>>,
): Promise<unknown[]> {
  const answers: unknown[] = [];
  const started = tasks.map((_, index) => {
    const place = (index + number) % tasks.length;
    return (async () => {
      const turns = (number * (place + 3)) % 4;
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      answers[place] = await tasks[place]?.();
    })();
  });
  await Promise.all(started);
  return answers;
}

/** Runs all rounds, ten at a time. */
export async function inWaves(rounds: number, run: (number: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < rounds; first += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, rounds - first);
    await Promise.all(Array.from({ length: count }, (_, index) => run(first + index)));
  }
}

/** The number of times each race runs, each time with a user of its own. `RACE_ROUNDS` sets more for a long run. */
export const ROUNDS: number = Number(process.env.RACE_ROUNDS ?? 100);

/** So many rounds of a race run beside one another: a real server is busy then, and answers come in any order. */
const AT_A_TIME = 10;

/** Starts all, each by the number at another time; the answers in the order of the tasks. */
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

/** All rounds, some at a time. */
export async function inWaves(rounds: number, run: (number: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < rounds; first += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, rounds - first);
    await Promise.all(Array.from({ length: count }, (_, index) => run(first + index)));
  }
}

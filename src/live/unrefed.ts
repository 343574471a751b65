/** Lets the process end before the timer does, and returns the timer. Timers of some platforms have no `unref`. @internal */
export function unrefed<Timer extends ReturnType<typeof setTimeout>>(timer: Timer): Timer {
  if (typeof timer === "object") timer.unref();
  return timer;
}

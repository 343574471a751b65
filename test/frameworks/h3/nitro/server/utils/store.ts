import type { Store } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";

/** Whether every store operation fails. */
export const outage = { on: false };

export const store: Store = new Proxy(memoryStore(), {
  get(memory, name) {
    const found: unknown = Reflect.get(memory, name);
    if (typeof found !== "function") return found;
    return async (...given: unknown[]) => {
      if (outage.on) throw new Error("connect ECONNREFUSED");
      return Reflect.apply(found, memory, given);
    };
  },
});

import type { Events } from "../events.ts";
import type { Instruments } from "./instruments.ts";

/** Counts the events of a manager. @internal */
export function countEvents(events: Events, instruments: Instruments): void {
  events.on("created", () => instruments.write("created", 1));
  events.on("ended", ({ ids, reason }) => {
    instruments.write("ended", ids.length, { "sessionup.reason": reason });
    if (reason === "reused") instruments.write("reuseDetected", ids.length);
  });
  events.on("rejected", ({ reason }) => instruments.write("rejected", 1, { "sessionup.reason": reason }));
  events.on("rotated", ({ cause }) => instruments.write("rotated", 1, { "sessionup.rotation.cause": cause }));
  events.on("client_changed", ({ action }) =>
    instruments.write("clientChanged", 1, { "sessionup.action": action }),
  );
  events.on("error", () => instruments.write("errors", 1));
}

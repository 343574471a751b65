import { randomBytes } from "node:crypto";
import { Manager, type ManagerOptions, type Store, typed } from "sessionup";
import { recognition } from "sessionup/recognition";
import { labelAgent } from "sessionup/user-agent";
import { describePlace } from "./places.ts";

/** The metadata of a session. */
export interface DeviceMeta {
  /** The name that the user gave to the device. Empty until then. */
  readonly name: string;
}

export type DemoManager = Manager<DeviceMeta>;

/** Creates the manager of the demo. An app has these options in one place, too. */
export function createManager(store: Store, options: ManagerOptions<DeviceMeta> = {}): DemoManager {
  return new Manager(store, {
    meta: typed<DeviceMeta>(),
    client: { parse: labelAgent, geo: describePlace },
    // A browser whose session has ended then learns why.
    tombstones: "7d",
    // Marks sign-ins from new devices. The keys sign the cookie by which a browser is recognized.
    recognize: recognition({ device: true }),
    keys: [randomBytes(32).toString("base64")],
    ...options,
  });
}

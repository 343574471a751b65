import type { Session } from "sessionup";
import type { DeviceMeta } from "./manager.ts";

/** The kind of a device, which selects its icon. */
export type DeviceKind = "desktop" | "phone" | "tablet" | "unknown";

/** The client of a sign-in, as pages show it. */
export interface Client {
  readonly kind: DeviceKind;
  /** Such as "Firefox on macOS". */
  readonly label: string;
  /** Such as "Berlin, Germany". */
  readonly place: string | undefined;
  /** Where the sign-in came from, in one line: "Berlin, Germany · 203.0.113.7". */
  readonly origin: string;
}

const KINDS: Readonly<Record<string, DeviceKind>> = {
  Windows: "desktop",
  macOS: "desktop",
  Linux: "desktop",
  ChromeOS: "desktop",
  FreeBSD: "desktop",
  Android: "phone",
  iOS: "phone",
  HarmonyOS: "phone",
  iPadOS: "tablet",
};

/** Describes the client of a session, or of an event. */
export function describeClient({ agent, ip, geo }: Partial<Pick<Session, "agent" | "ip" | "geo">>): Client {
  const { browser = "Unknown browser", os } = agent ?? {};
  const place = typeof geo === "string" ? geo : undefined;
  return {
    kind: KINDS[os ?? ""] ?? "unknown",
    label: os === undefined ? browser : `${browser} on ${os}`,
    place,
    origin: [place, ip].filter(Boolean).join(" · ") || "Unknown location",
  };
}

/** Returns the name that the user gave to a device, or otherwise its label. */
export function nameDevice(session: Session<DeviceMeta>): string {
  return session.meta.name || describeClient(session).label;
}

import type { AuthResult } from "../lifecycle/auth-result.ts";
import type { Operation } from "../options/telemetry.ts";
import type { Attributes } from "./api.ts";

/** Returns the attributes of a finished operation. `value` is its result. */
type Describe = (value: never, args: readonly unknown[]) => Attributes;

const session = (id: string): Attributes => ({ "session.id": id });
const user = (key: unknown): Attributes => (typeof key === "string" ? { "enduser.id": key } : {});
const count = (name: string, { length }: readonly unknown[]): Attributes => ({ [name]: length });

const countEnded = (ids: readonly string[]) => count("sessionup.ended", ids);
const countListed = (sessions: readonly unknown[]) => count("sessionup.listed", sessions);

/** A session as `init` returns it, or as `initBearer` does. */
type Begun = { readonly id: string } | { readonly session: { readonly id: string } };

/** The attributes of each operation. No others appear on its span, so that nothing is exported by accident. */
const DESCRIPTIONS: Readonly<Record<Operation, Describe>> = {
  authenticate: (result: AuthResult<unknown>) => ({
    "sessionup.outcome": result.state,
    ...(result.state === "none" && { "sessionup.reason": result.reason }),
    ...(result.state === "session" && { ...session(result.record.id), ...user(result.record.userKey) }),
  }),
  init: (begun: Begun, [, userKey]) => ({
    ...session(("session" in begun ? begun.session : begun).id),
    ...user(userKey),
  }),
  fetchAll: countListed,
  revoke: () => ({}),
  revokeOther: countEnded,
  revokeAll: countEnded,
  // Until the session has been found, the id is any text that a client has sent.
  revokeOwn: (isEnded: boolean, [, id]) => (isEnded ? session(id as string) : {}),
  rotate: () => ({}),
  reauthenticate: () => ({}),
  updateMeta: (updated: { readonly id: string } | undefined) => (updated ? session(updated.id) : {}),
  fetchByUserKey: (sessions: readonly unknown[], [userKey]) => ({
    ...countListed(sessions),
    ...user(userKey),
  }),
  revokeById: (isEnded: boolean, [id]) => (isEnded ? session(id as string) : {}),
  revokeByUserKey: (ids: readonly string[], [userKey]) => ({ ...countEnded(ids), ...user(userKey) }),
  revokeWhere: (ended: number) => ({ "sessionup.ended": ended }),
  revokeAllBefore: (ended: number) => ({ "sessionup.ended": ended }),
};

/** Every operation, for `traceMethods`. @internal */
export const OPERATIONS: readonly Operation[] = Object.keys(DESCRIPTIONS) as Operation[];

/** Returns the attributes of a finished operation. User keys are among them only if `exportUserKeys`. @internal */
export function describeOperation(
  operation: Operation,
  value: unknown,
  args: readonly unknown[],
  exportUserKeys: boolean,
): Attributes {
  const { "enduser.id": userKey, ...rest } = DESCRIPTIONS[operation](value as never, args);
  return exportUserKeys && userKey !== undefined ? { ...rest, "enduser.id": userKey } : rest;
}

/** Returns the name of a method in the form that OpenTelemetry uses: `revokeOther` becomes `revoke_other`. @internal */
export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

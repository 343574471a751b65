import type { CoreData, Retired } from "../session-data.ts";

/** Requests under way when the secret changed may come in with the old one for so long, in milliseconds. */
export const GRACE = 30_000;
/** So many old secrets are remembered; with more of them within the grace, the oldest goes first. */
const MOST_RETIRED = 16;

/** What a holder of the session proves with a secret; hashes are made only when they are asked for. */
export interface Proof {
  readonly secretHash: string;
  rootHash(): string;
  equal(a: string, b: string): boolean;
}

/** Which secret of a session was presented: the current one, or one that retired lately. */
export type Match = "current" | Retired;

/** What the presented secret is: one that is good, an old one that came back (the root is right), or none of it. */
export function matchSecret(data: CoreData, proof: Proof, now: number): Match | "reused" | "unknown" {
  if (proof.equal(proof.secretHash, data.secret)) return "current";
  for (const retired of data.retired) {
    if (retired.until > now && proof.equal(proof.secretHash, retired.hash)) return retired;
  }
  // Without the root this is somebody who only knows the id, and who must not be able to end anything with it.
  return proof.equal(proof.rootHash(), data.root) ? "reused" : "unknown";
}

/** The data after the secret has been replaced: the old one stays good for requests under way, and for nothing more. */
export function turned(data: CoreData, secret: string, now: number): CoreData {
  const old: Retired = { hash: data.secret, until: now + GRACE, authenticatedAt: data.authenticatedAt };
  const retired = [old, ...data.retired.filter(({ until }) => until > now)].slice(0, MOST_RETIRED);
  return { ...data, secret, retired };
}

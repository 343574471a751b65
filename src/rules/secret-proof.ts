/** The hashes of a presented secret. */
export interface SecretProof {
  readonly secretHash: string;
  /** Computes the hash on demand: only old secrets need it. */
  rootHash(): string;
}

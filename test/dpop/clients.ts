import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { installPackages } from "../support/own-packages.ts";

/** The packages with which clients create proofs. They are separate, so that other tests do not depend on them. */
const CLIENTS = fileURLToPath(new URL("clients/", import.meta.url));

/** The functions of `jose` that a client uses. */
export interface Jose {
  generateKeyPair(alg: string): Promise<CryptoKeyPair>;
  exportJWK(key: CryptoKey): Promise<JsonWebKey>;
  calculateJwkThumbprint(jwk: JsonWebKey): Promise<string>;
  SignJWT: new (claims: object) => Signing;
}

interface Signing {
  setProtectedHeader(header: object): Signing;
  setIssuedAt(): Signing;
  setJti(jti: string): Signing;
  sign(key: CryptoKey): Promise<string>;
}

/** The functions of `dpop`. */
export interface Dpop {
  generateKeyPair(alg: string): Promise<CryptoKeyPair>;
  generateProof(
    pair: CryptoKeyPair,
    htu: string,
    htm: string,
    nonce?: string,
    accessToken?: string,
  ): Promise<string>;
}

/** Loads the packages. Installs them at first use. */
export async function loadClients(): Promise<{ readonly jose: Jose; readonly dpop: Dpop }> {
  await installPackages(CLIENTS, "clients of DPoP (1 MB)");
  const { resolve } = createRequire(`${CLIENTS}package.json`);
  return { jose: await import(resolve("jose")), dpop: await import(resolve("dpop")) };
}

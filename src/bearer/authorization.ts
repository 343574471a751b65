import { parseToken, type Token } from "../cookie/token.ts";

/** The schemes of `Authorization` that carry our tokens, in lower case. */
export type TokenScheme = "bearer" | "dpop";

/** The scheme of a request, and its token. Text in another form is no token. */
export interface Credentials {
  readonly scheme: TokenScheme;
  readonly token: Token | undefined;
}

// Schemes have no case (RFC 9110 section 11.1). A longer name, such as "Bearer-Token", is another scheme.
const SCHEME = /^(bearer|dpop)(?![!#$%&'*+.^_`|~0-9a-z-])/i;

/**
 * Reads the credentials of a request (RFC 6750 section 2.1). Returns `undefined` without the header, and for other schemes such
 * as Basic, which are for other software.
 */
export function readCredentials(header: string | undefined = "", hasDpop: boolean): Credentials | undefined {
  const scheme = SCHEME.exec(header)?.[1]?.toLowerCase() as TokenScheme | undefined;
  if (scheme === undefined || (scheme === "dpop" && !hasDpop)) return undefined;
  let from = scheme.length;
  while (header[from] === " ") from++;
  return { scheme, token: from === scheme.length ? undefined : parseToken(header, from) };
}

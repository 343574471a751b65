/** The user and password of a URL. */
const CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi;
const TOKEN = /\b(authToken|password|auth_token)=[^&\s]+/gi;

/** Replaces the passwords of URLs in a text, and each of the given secrets, because drivers repeat them in errors. */
export function redact(text: string, secrets: readonly string[]): string {
  let safe = text.replace(CREDENTIALS, "$1***@").replace(TOKEN, "$1=***");
  for (const secret of secrets) if (secret.length > 2) safe = safe.replaceAll(secret, "***");
  return safe;
}

/** Returns the secrets of a store's URL, as they stand there and decoded. */
export function findSecrets(url: string): readonly string[] {
  if (!URL.canParse(url)) return [];
  const { password, searchParams } = new URL(url);
  const given = [password, ...["password", "authToken"].map((name) => searchParams.get(name) ?? "")];
  return given.flatMap((secret) => (secret === "" ? [] : [secret, decode(secret)]));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

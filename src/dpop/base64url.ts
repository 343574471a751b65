/**
 * Decodes base64url without padding. Returns `undefined` for anything but the one text that encodes these bytes: two texts of
 * one signature or key would count as two.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  // The last character may carry bits that no byte uses.
  if (btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") !== text) return undefined;
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

import { fileURLToPath } from "node:url";
import { installPackages } from "../support/own-packages.ts";

/** The folder with the code of docs/guides/data-before-login.md, and with the packages that it uses. */
export const POCKET: string = fileURLToPath(new URL(".", import.meta.url));

export function installPocketPackages(): Promise<void> {
  return installPackages(POCKET, "openid-client, oidc-provider and connect-flash");
}

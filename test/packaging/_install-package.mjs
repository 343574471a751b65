// Installs a Debian package in a separate process, like a vitest worker: `node _install-package.mjs <package>`.
import { installPackage } from "../../scripts/programs.mjs";

await installPackage(process.argv[2]);

// Installs a Debian package in a process of its own, as a worker of vitest does: `node _install-package.mjs <package>`.
import { installPackage } from "../../scripts/programs.mjs";

await installPackage(process.argv[2]);

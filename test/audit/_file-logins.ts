/** A process that logs users in and out: `_file-logins.ts <file>`. */
import { auditLog, fileSink } from "../../src/audit/audit.ts";
import { Manager } from "../../src/manager.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { Browser, testSessions } from "../support/browser.ts";

const manager = new Manager(memoryStore());
const audit = auditLog(manager, { to: [fileSink(process.argv[2] ?? "")] });
const sessions = testSessions(manager);
for (;;) {
  const { id } = await new Browser().visit((request) => sessions.init(request, "ann"));
  await audit.flush();
  process.stdout.write(`${id}\n`);
}

import { preparedBackend, textBackend } from "./_mysql-backends.ts";
import { storeSuite } from "./_suite.ts";

storeSuite(preparedBackend());
storeSuite(textBackend());

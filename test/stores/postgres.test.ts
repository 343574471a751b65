import {
  pgBackend,
  pgBouncerBackend,
  postgresJsBackend,
  postgresJsBouncerBackend,
} from "./_postgres-backends.ts";
import { storeSuite } from "./_suite.ts";

storeSuite(pgBackend());
storeSuite(postgresJsBackend());
storeSuite(pgBouncerBackend());
storeSuite(postgresJsBouncerBackend());

// Runs in the worker, before a test file of the project `nest-11` imports NestJS.
import { installNest11 } from "./nest-11.ts";

await installNest11();

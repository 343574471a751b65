import { activity } from "./sections/activity.mjs";
import { bytes } from "./sections/bytes.mjs";
import { coldStart } from "./sections/cold-start.mjs";
import { growth } from "./sections/growth.mjs";
import { overExpress, overFastify, overHono, overKoa, overNode } from "./sections/http.mjs";
import { inProcess } from "./sections/in-process.mjs";
import { memory } from "./sections/memory.mjs";
import { operations } from "./sections/operations.mjs";
import { overPostgres, overRedis } from "./sections/over-database.mjs";
import { push } from "./sections/push.mjs";
import { stalls } from "./sections/stalls.mjs";
import { steps } from "./sections/steps.mjs";
import { telemetry } from "./sections/telemetry.mjs";

/** The sections of the benchmark, in the order in which they run. */
/** @type {readonly import("./section.d.ts").Section<any>[]} */
export const SECTIONS = [
  inProcess,
  steps,
  telemetry,
  overNode,
  overExpress,
  overFastify,
  overHono,
  overKoa,
  overRedis,
  overPostgres,
  activity,
  operations,
  push,
  growth,
  memory,
  stalls,
  coldStart,
  bytes,
];

import { expressSessionOn } from "./_express-session.mjs";

/** @type {import("./contender.d.ts").MakeContender} */
export const express = () => expressSessionOn();

/** Its middleware is connect's and runs on `node:http` as well: in process it is measured without Express. */
export const node = express;

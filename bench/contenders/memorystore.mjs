import session from "express-session";
import makeMemoryStore from "memorystore";
import { expressSession } from "./_express-session.mjs";

const DAY = 86_400_000;
const MemoryStore = makeMemoryStore(session);

export const express = () =>
  expressSession({ cookie: { maxAge: DAY }, store: new MemoryStore({ checkPeriod: DAY }) });

import express from "express";
import { app as before } from "./before.ts";
import { moveBack } from "./move-back.ts";

export const app = express();
app.set("trust proxy", 1);
app.use(moveBack); // Delete this line when the last session of sessionup has expired.
app.use(before);

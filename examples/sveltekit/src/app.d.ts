import type { Session } from "sessionup";

declare global {
  namespace App {
    interface Locals {
      readonly session: Session | undefined;
    }
  }
}

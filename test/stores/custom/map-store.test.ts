import { storeContract } from "sessionup/testing";
import { describe, it } from "vitest";
import { mapStore } from "../../../examples/custom-store/map-store.ts";

describe("mapStore of examples/custom-store", () => {
  storeContract({ describe, it }, { create: () => mapStore() });
});

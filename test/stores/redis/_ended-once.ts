/** A process with a store on one server, or in a Cluster: `_ended-once.ts <prefix> <ports>`. */
import { Cluster, Redis } from "ioredis";
import { redisStore } from "../../../src/stores/redis.ts";
import { serveEndedOnce } from "../../support/ended-once/child.ts";

const [prefix = "", ports = ""] = process.argv.slice(2);
const nodes = ports.split(",").map((port) => ({ host: "127.0.0.1", port: Number(port) }));
const connect = () => (nodes.length > 1 ? new Cluster(nodes) : new Redis(nodes[0]?.port ?? 0, "127.0.0.1"));
serveEndedOnce(() => redisStore(connect(), { prefix, reportExpired: true, cleanupEvery: false }));

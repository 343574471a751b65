declare namespace Cloudflare {
  /** The Worker's bindings, which vitest.config.ts declares. */
  interface Env {
    readonly DB: import("@cloudflare/workers-types").D1Database;
    readonly SESSIONS: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly OBJECTS: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly PUSHED: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly SESSIONS_HUB: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly OWN_PUSHED: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly OWN_HUB: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly REPORTING: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly SUBSCRIBER: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly BROKEN: import("@cloudflare/workers-types").DurableObjectNamespace;
    readonly SILENT: import("@cloudflare/workers-types").DurableObjectNamespace;
  }
}

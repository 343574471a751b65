/** A page, or a group of pages. */
export interface Item {
  readonly text: string;
  readonly link?: string;
  readonly items?: Item[];
}

const pages = (folder: string, titles: Readonly<Record<string, string>>): Item[] =>
  Object.entries(titles).map(([page, text]) => ({ text, link: `/${folder}${page}` }));

/** The order in which a newcomer reads: start, then tasks. */
const GUIDE: Item[] = [
  {
    text: "Get started",
    items: pages("start/", {
      introduction: "Introduction",
      comparison: "Comparison",
      installation: "Installation",
      "quick-start": "Quick start",
      "choosing-a-store": "Choosing a store",
      production: "Production checklist",
    }),
  },
  {
    text: "Guides",
    items: [
      ...pages("guides/", {
        "protecting-routes": "Protecting routes",
        "device-list": "“Where you’re signed in” page",
        timeouts: "Remember me and timeouts",
        metadata: "Metadata",
        "re-authentication": "Re-authentication and levels",
        "changing-passwords": "Changing a password safely",
        csrf: "CSRF and other origins",
        "data-before-login": "Data before login",
        "new-devices": "New-device alerts",
        rotation: "Rotation and theft",
        "identity-providers": "Identity providers",
        authjs: "Sign-in with Auth.js",
        "better-auth": "Sign-in with better-auth",
        lucia: "Sign-in with Arctic (Lucia)",
        passport: "Passport",
        "finding-sessions": "Finding sessions of any user",
        "signing-everyone-out": "Signing everyone out",
        incident: "Acting at three in the morning",
        "ending-sessions": "How sessions end",
        "moving-cookies": "Moving to another cookie",
        "ready-made-routes": "Front ends and ready-made routes",
        "native-clients": "Native clients",
        dpop: "Binding tokens to a key",
        "immediate-sign-out": "Immediate sign-outs",
        cache: "Requests without a round trip",
        websockets: "WebSockets",
        "event-streams": "Event streams",
        "async-context": "Async context",
        "req-session": "req.session",
        monitoring: "Monitoring",
        "audit-trail": "Audit trail",
        testing: "Testing your app",
        "several-apps": "Several apps and admins",
        proxies: "Proxies and CDNs",
        serverless: "Serverless and edge",
        backup: "Backup, restore and failover",
      }),
    ],
  },
];

/** The parts that an app connects. */
const CONNECT: Item[] = [
  {
    text: "Frameworks",
    items: pages("frameworks/", {
      express: "Express",
      fastify: "Fastify",
      fetch: "Fetch API",
      h3: "h3, Nitro and Nuxt",
      hono: "Hono",
      koa: "Koa",
      lambda: "AWS Lambda",
      nest: "NestJS",
      next: "Next.js",
      node: "node:http",
      "socket-io": "Socket.IO",
      sveltekit: "SvelteKit",
      runtimes: "Runtimes",
    }),
  },
  {
    text: "Stores",
    items: pages("stores/", {
      memory: "Memory",
      redis: "Redis and Valkey",
      postgres: "PostgreSQL",
      mysql: "MySQL and MariaDB",
      sqlite: "SQLite",
      libsql: "libSQL and D1",
      lmdb: "LMDB",
      "durable-objects": "Durable Objects",
    }),
  },
  {
    text: "Recipes",
    items: pages("recipes/", { orms: "ORMs and query builders", hosting: "Hosting and managed databases" }),
  },
];

const MIGRATE: Item[] = [
  {
    text: "Migrate",
    items: pages("migrate/", {
      "": "Overview",
      "express-session": "express-session",
      "fastify-session": "@fastify/session",
      "iron-session": "iron-session",
      "cookie-session": "cookie-session",
      "koa-session": "koa-session",
      lucia: "Lucia",
      authjs: "Auth.js",
      "better-auth": "better-auth",
      go: "sessionup for Go",
    }),
  },
];

/** The pages to look things up. */
const LOOK_UP: Item[] = [
  {
    text: "Reference",
    items: [
      ...pages("reference/", {
        options: "Options",
        methods: "Methods",
        manager: "Manager",
        cli: "Command line",
        events: "Events",
        push: "Push",
        errors: "Errors and reasons",
        "http-api": "HTTP API",
        "express-session-cases": "Cases of express-session",
        "api/": "Types",
      }),
    ],
  },
  {
    text: "Security",
    items: pages("security/", {
      "threat-model": "Threat model",
      asvs: "OWASP ASVS",
      reporting: "Report a vulnerability",
    }),
  },
  {
    text: "Extend",
    items: pages("extend/", {
      "write-a-store": "Write a store",
      "write-an-adapter": "Write an adapter",
      "contract-tests": "Contract tests",
    }),
  },
  {
    text: "Engineering",
    items: [
      ...pages("", {
        architecture: "Architecture",
        outages: "Outages",
        benchmark: "Benchmark",
        versioning: "Versioning",
      }),
      { text: "Decisions", link: "/decisions/" },
    ],
  },
];

/** The sidebar of each part of the site, by the beginning of the path. */
export const sidebar: Record<string, Item[]> = {
  "/start/": GUIDE,
  "/guides/": GUIDE,
  "/frameworks/": CONNECT,
  "/stores/": CONNECT,
  "/recipes/": CONNECT,
  "/migrate/": MIGRATE,
  "/": LOOK_UP,
};

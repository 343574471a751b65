import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type DefaultTheme, defineConfig, type MarkdownOptions } from "vitepress";
import llms from "vitepress-plugin-llms";
import { sidebar } from "./sidebar.ts";

const DOCS = fileURLToPath(new URL("..", import.meta.url));
const ROOT = resolve(DOCS, "..");
const PACKAGE = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
  description: string;
  homepage: string;
  repository: { url: string };
};
const REPOSITORY = PACKAGE.repository.url.replace(/^git\+|\.git$/g, "");

/** Links to files outside of docs/ lead to the repository. A link to a missing file fails the build. */
const linkToRepository: NonNullable<MarkdownOptions["config"]> = (markdown) => {
  markdown.core.ruler.push("link-to-repository", ({ tokens, env }) => {
    const page = (env as { path: string }).path;
    for (const link of tokens
      .flatMap(({ children }) => children ?? [])
      .filter(({ type }) => type === "link_open")) {
      const [path = "", anchor] = (link.attrGet("href") ?? "").split("#");
      if (!path.startsWith(".")) continue;
      const target = resolve(dirname(page), path);
      const file = relative(ROOT, target);
      if (!relative(DOCS, target).startsWith("..")) continue;
      if (!existsSync(target))
        throw new Error(`${relative(ROOT, page)} links to ${file}, which does not exist.`);
      link.attrSet("href", `${REPOSITORY}/blob/main/${file}${anchor ? `#${anchor}` : ""}`);
    }
  });
};

/** Highlights each code block once: both bundles and the search index render every page. */
const highlightOnce: NonNullable<MarkdownOptions["config"]> = ({ options }) => {
  const { highlight } = options;
  if (!highlight) return;
  const highlighted = new Map<string, string>();
  options.highlight = (code, language, attributes) => {
    const key = JSON.stringify([code, language, attributes]);
    const html = highlighted.get(key) ?? highlight(code, language, attributes);
    highlighted.set(key, html);
    return html;
  };
};

export default defineConfig({
  title: "sessionup",
  description: PACKAGE.description,
  lang: "en-GB",
  base: new URL(PACKAGE.homepage).pathname,
  srcExclude: ["node_modules/**"],
  sitemap: { hostname: PACKAGE.homepage },
  markdown: {
    config: (markdown) => {
      linkToRepository(markdown);
      highlightOnce(markdown);
    },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
  },
  vite: { plugins: [llms({ ignoreFiles: ["decisions/*"] })] },
  themeConfig: {
    nav: [
      { text: "Guide", link: "/start/introduction", activeMatch: "^/(start|guides)/" },
      { text: "Frameworks", link: "/frameworks/express", activeMatch: "^/frameworks/" },
      { text: "Stores", link: "/start/choosing-a-store", activeMatch: "^/(stores|recipes)/" },
      { text: "Migrate", link: "/migrate/", activeMatch: "^/migrate/" },
      { text: "Reference", link: "/reference/options", activeMatch: "^/(reference|security|extend)/" },
      { text: `v${PACKAGE.version}`, link: "/versioning" },
    ],
    sidebar,
    outline: [2, 3],
    search: {
      provider: "local",
      options: {
        // The types of every export would bury the pages that explain them.
        _render: (text, env, markdown) =>
          env.relativePath.startsWith("reference/api/") ? "" : markdown.render(text, env),
      },
    },
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path`, text: "Edit this page" },
    footer: { message: "Released under the MIT licence." },
  } satisfies DefaultTheme.Config,
});

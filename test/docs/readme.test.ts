import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PACKAGE, ROOT } from "../support/entries.ts";

const README = readFileSync(`${ROOT}README.md`, "utf8");
const BLOB = `${PACKAGE.repository.url.replace(/^git\+|\.git$/g, "")}/blob/main/`;
const LINKS = [...README.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);

/** Returns the file behind a link, as a path from the root. */
function findFile(link: string): string {
  if (link.startsWith(BLOB)) return link.slice(BLOB.length);
  const page = link.slice(PACKAGE.homepage.length);
  return page.endsWith(".html") ? `docs/${page.replace(/html$/, "md")}` : `docs/public/${page}`;
}

describe("README.md", () => {
  it("the README has at most 120 lines", () => {
    expect(README.trimEnd().split("\n").length).toBeLessThanOrEqual(120);
  });

  it("the README starts with the installation and an example", () => {
    const fences = [...README.matchAll(/^```(\w+)\n(.*?)^```/gms)];
    expect(fences[0]?.[2]).toBe("npm install sessionup\n");
    expect(fences[1]?.[2]).toContain("sessions.init(");
    expect(README).not.toMatch(/^## [\s\S]*npm install sessionup/m);
  });

  it("every link is absolute and leads to a page of the site or a file of the repository", () => {
    const others = LINKS.filter((link) => !link.startsWith(PACKAGE.homepage) && !link.startsWith(BLOB));
    expect(others).toEqual([]);
    expect(LINKS.filter((link) => !existsSync(ROOT + findFile(link)))).toEqual([]);
  });

  it.each(["frameworks", "stores"])("the README links to each page of docs/%s", (folder) => {
    const pages = readdirSync(`${ROOT}docs/${folder}`).map((name) => `docs/${folder}/${name}`);
    const linked = LINKS.map(findFile);
    expect(pages.filter((page) => !linked.includes(page))).toEqual([]);
  });
});

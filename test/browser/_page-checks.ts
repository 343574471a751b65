import axe, { type RunOnly } from "axe-core";
import type { Page } from "playwright-core";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Returns the rules of WCAG 2.2 AA, and of good practice, that the page breaks or that axe-core cannot decide about. */
export async function violations(page: Page): Promise<readonly string[]> {
  // `evaluate` runs outside the page's Content Security Policy, which allows no such script.
  await page.evaluate(axe.source);
  return runAxe(page, { type: "tag", values: TAGS });
}

/** Returns the text whose contrast is too low. After `violations`, on the same page in other colours. */
export function faintText(page: Page): Promise<readonly string[]> {
  return runAxe(page, { type: "rule", values: ["color-contrast", "link-in-text-block"] });
}

function runAxe(page: Page, rules: RunOnly): Promise<readonly string[]> {
  return page.evaluate(async (runOnly) => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const found = await axe.run(document, { runOnly, resultTypes: ["violations", "incomplete"] });
    return [...found.violations, ...found.incomplete].flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
    );
  }, rules);
}

/** Returns what axe-core does not look for: fields that browsers cannot fill in, and inline code. */
export function missing(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const input of document.querySelectorAll<HTMLInputElement>(
      "input:not([type=hidden], [type=checkbox])",
    ))
      if (input.autocomplete === "") found.push(`autocomplete of ${input.name}`);
    if (document.querySelector("script:not([src]), style, [style], [onclick]"))
      found.push("no inline scripts and styles");
    if (document.querySelectorAll("header, footer, h1, main").length !== 4)
      found.push("one header, footer, h1 and main");
    return found;
  });
}

/** Returns by how many pixels the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

import type { Page } from "playwright-core";

/** Returns the visible text whose contrast with its background is below WCAG level AA. */
export function faintText(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    type Color = readonly [red: number, green: number, blue: number, alpha: number];
    const parseColor = (css: string): Color => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
      return [red, green, blue, alpha];
    };
    const findBackground = (element: Element | null): Color => {
      if (!element)
        return parseColor(
          getComputedStyle(document.documentElement).colorScheme === "dark" ? "0 0 0" : "255 255 255",
        );
      const color = parseColor(getComputedStyle(element).backgroundColor);
      return color[3] === 1 ? color : findBackground(element.parentElement);
    };
    const luminance = (color: Color) => {
      const [red = 0, green = 0, blue = 0] = color
        .slice(0, 3)
        .map((channel) => channel / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const faint: string[] = [];
    for (const element of document.body.querySelectorAll("*")) {
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
      if (!text || element.getClientRects().length === 0) continue;
      const style = getComputedStyle(element);
      const large = Number.parseFloat(style.fontSize) >= 24;
      const [dark = 0, bright = 0] = [
        luminance(parseColor(style.color)),
        luminance(findBackground(element)),
      ].sort((a, b) => a - b);
      const ratio = (bright + 0.05) / (dark + 0.05);
      if (ratio < (large ? 3 : 4.5)) faint.push(`${element.textContent?.trim()}: ${ratio.toFixed(2)}`);
    }
    return faint;
  });
}

/** Returns the accessibility requirements that the page does not meet. */
export function missing(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const all = (selector: string) => [...document.querySelectorAll(selector)];
    if (document.documentElement.lang !== "en") found.push("lang");
    if (document.title === "") found.push("title");
    for (const each of ["h1", "main", "header", "footer"])
      if (all(each).length !== 1) found.push(`one ${each}`);
    for (const input of all("input:not([type=hidden]):not([hidden])") as HTMLInputElement[]) {
      if (!input.labels?.[0]?.textContent?.trim()) found.push(`label of ${input.name}`);
      if (input.type !== "checkbox" && input.autocomplete === "") found.push(`autocomplete of ${input.name}`);
      const described = input.getAttribute("aria-describedby")?.split(" ") ?? [];
      for (const id of described) if (!document.getElementById(id)) found.push(`#${id}`);
    }
    for (const button of all("button, a[href]")) {
      if (!(button.getAttribute("aria-label") ?? button.textContent)?.trim()) found.push("button name");
    }
    const levels = all("h1, h2, h3").map(({ tagName }) => Number(tagName[1]));
    if (levels[0] !== 1 || levels.some((level, index) => level > (levels[index - 1] ?? 0) + 1))
      found.push("heading order");
    const ids = all("[id]").map(({ id }) => id);
    if (new Set(ids).size !== ids.length) found.push("unique ids");
    for (const image of all("img")) if (!image.hasAttribute("alt")) found.push("alt");
    if (all("script, style, [style], [onclick]").length > 0) found.push("no inline scripts and styles");
    return found;
  });
}

/** Returns by how many pixels the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

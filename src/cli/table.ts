import { measureWidth, pad, truncate } from "./text-width.ts";

/** One column of a table. */
export interface Column {
  readonly title: string;
  /** The columns of the terminal to which its values may be shortened. Default: values are never shortened. */
  readonly min?: number;
  /** Whether the column is left out if the terminal is too narrow. The last such column goes first. */
  readonly optional?: true;
  /** Whether values stand at the right edge, as numbers do. */
  readonly right?: true;
}

/** The spaces between two columns. */
const GAP = 2;

/** The shown columns of a table and their widths. Several pages of one list share it. */
export interface Layout {
  readonly columns: readonly Column[];
  readonly shown: readonly number[];
  readonly widths: readonly number[];
}

/**
 * Decides how a table fits into `width` columns of a terminal. Values have no control characters. Of the columns that
 * may be shortened, the optional ones are shortened first, and among these the widest.
 */
export function layOut(
  columns: readonly Column[],
  rows: ReadonlyArray<readonly string[]>,
  width: number = Number.POSITIVE_INFINITY,
): Layout {
  const natural = columns.map(({ title }, index) =>
    rows.reduce((most, row) => Math.max(most, measureWidth(row[index] ?? "")), measureWidth(title)),
  );
  const shown = chooseColumns(columns, natural, width);
  return { columns, shown, widths: shrink(columns, natural, shown, width) };
}

/** Returns the line with the titles. */
export function formatTitles(layout: Layout): string {
  return formatRow(
    layout,
    layout.columns.map(({ title }) => title),
  );
}

/** Returns the line of one row. A value that may not be shortened and is too long moves the rest of its line. */
export function formatRow({ columns, shown, widths }: Layout, values: readonly string[]): string {
  const cells = shown.map((index) => {
    const { min, right } = columns[index] ?? { title: "" };
    const width = widths[index] ?? 0;
    const value = min === undefined ? (values[index] ?? "") : truncate(values[index] ?? "", width);
    const filled = pad(value, width);
    return right ? " ".repeat(filled.length - value.length) + value : filled;
  });
  return cells.join(" ".repeat(GAP)).trimEnd();
}

/** Returns the indexes of the columns that fit when each is as short as it may be. */
function chooseColumns(
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
): readonly number[] {
  let shown = columns.map((_, index) => index);
  const least = (index: number) => {
    const { min = Number.POSITIVE_INFINITY, title = "" } = columns[index] ?? {};
    return Math.min(natural[index] ?? 0, Math.max(min, measureWidth(title)));
  };
  for (;;) {
    const total = shown.reduce((sum, index) => sum + least(index), GAP * (shown.length - 1));
    const last = shown.findLast((index) => columns[index]?.optional);
    if (total <= width || last === undefined) return shown;
    shown = shown.filter((index) => index !== last);
  }
}

/** Returns the width of each column, so that those shown fit together if they can. */
function shrink(
  columns: readonly Column[],
  natural: readonly number[],
  shown: readonly number[],
  width: number,
): readonly number[] {
  const widths = [...natural];
  const total = () => shown.reduce((sum, index) => sum + (widths[index] ?? 0), GAP * (shown.length - 1));
  const rank = (index: number) => (columns[index]?.optional ? 1 : 0);
  while (total() > width) {
    const [widest] = shown
      .filter((index) => {
        const { min, title = "" } = columns[index] ?? {};
        return min !== undefined && (widths[index] ?? 0) > Math.max(min, measureWidth(title));
      })
      .sort((a, b) => rank(b) - rank(a) || (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) return widths;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

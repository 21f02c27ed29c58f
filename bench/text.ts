import { median } from "./figures.ts";

/** A number with three significant digits, or more where it has them before the point. */
export function short(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(digits, 3));
}

/** The median, and from where to where the values go: `1.21 (1.19–1.30)`. Empty of none. */
export function spread(values: readonly number[]): string {
  const middle = median(values);
  if (middle === undefined) {
    return "";
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values.length === 1
    ? short(middle)
    : `${short(middle)} (${short(low)}–${short(high)})`;
}

export function bytes(count: number): string {
  return count < 1e6 ? `${short(count / 1e3)} kB` : `${short(count / 1e6)} MB`;
}

/** A table in Markdown. The first column is text, all others are numbers. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [head, rule, ...body].map(line).join("");
}

import { run } from "../exec.ts";
import { root } from "../paths.ts";

/** What `npm start` prints the first time, as a picture of a terminal, in SVG. Takes the lab down before. */
export async function screenshot(): Promise<string> {
  await run("npm", ["stop"], { cwd: root });
  const output = await run("npm", ["--silent", "start"], {
    cwd: root,
    show: true,
  });
  return terminal("npm start", tidy(output));
}

/** What differs from run to run, and from machine to machine: progress, durations, where the tools come from. */
const passing = [
  /^@ updating/,
  /^ [+~-] .* (creating|updating|deleting) \(/,
  /^Duration: /,
  /^(Engine: |Installing |Making |Building |Downloading |added \d)/,
  /^The command plugin is a stand-in/,
];

function tidy(output: string): string[] {
  return output
    .split("\n")
    .filter((line) => passing.every((one) => !one.test(line)))
    .map((line) => line.replace(/ \([\d.]+s\)( warning: .*)?\s*$/, ""))
    .filter((line, i, all) => line !== "" || all[i - 1] !== "");
}

const size = { font: 14, line: 20, char: 8.45, left: 20, top: 64 };

/** Lines below a prompt, in a dark window that looks the same on a light page and on a dark one. */
function terminal(command: string, lines: readonly string[]): string {
  const all = [`$ ${command}`, ...lines].join("\n").trimEnd().split("\n");
  const widest = Math.max(...all.map((line) => line.length));
  const width = Math.ceil(widest * size.char) + 2 * size.left;
  const height = all.length * size.line + size.top + 10;
  const rows = all.map(
    (line, i) =>
      `<text x="${size.left}" y="${size.top + i * size.line}" fill="${colour(line)}">${inXml(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${size.font}">
<title>${inXml(command)}</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="#161b22" stroke="#6e7681"/>
<g fill="#6e7681"><circle cx="24" cy="22" r="6"/><circle cx="44" cy="22" r="6"/><circle cx="64" cy="22" r="6"/></g>
${rows.filter((_, i) => all[i] !== "").join("\n")}
</svg>
`;
}

function colour(line: string): string {
  if (line.startsWith("$ ")) {
    return "#ffffff";
  }
  if (/^ *\+ |\bok\b/.test(line)) {
    return "#7ee787";
  }
  return /^ *warning: /.test(line) ? "#e3b341" : "#c9d1d9";
}

function inXml(text: string): string {
  return text
    .replaceAll(" ", "\u00a0") // SVG runs plain ones together
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

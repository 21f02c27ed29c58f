import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lab/paths.ts";

/**
 * The blocks of commands in README.md, or another page, that say they are run by `file`.
 *
 * @param section the heading that they stand below, if only those are wanted
 */
export function blocksRunBy(
  file: string,
  section?: string,
  page = "README.md",
): string[] {
  const readme = readFileSync(join(root, page), "utf8");
  const [, text = ""] =
    section === undefined ? ["", readme] : readme.split(`\n## ${section}\n`);
  const [own = ""] = section === undefined ? [text] : text.split("\n## ");
  return shellBlocks(own)
    .filter(({ mark }) => mark === `run by ${file}`)
    .map(({ commands }) => commands);
}

/** The blocks of commands in a text, each with the comment in front of it. */
export function shellBlocks(
  markdown: string,
): { mark: string | undefined; commands: string }[] {
  const found = markdown.matchAll(
    /(?:<!-- (.*) -->\n)?^ *```sh\n([\s\S]*?)^ *```$/gm,
  );
  return [...found].map(([, mark, commands = ""]) => ({ mark, commands }));
}

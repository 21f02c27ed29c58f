import { printable } from "./plainText.ts";
import { shellWord } from "./shellWord.ts";

/**
 * The name of a file, as the input gives it, as one word of a shell. `~/` stays the user's home, and a name that
 * begins with a hyphen does not become an option. Undefined where a message cannot show the name as it is.
 */
export function shellFile(name: string): string | undefined {
  if (name === "" || name !== printable(name)) {
    return undefined;
  }
  const [, home = "", rest = ""] = /^(~\/)?(.*)$/.exec(name) ?? [];
  return home + shellWord(rest.startsWith("-") ? `./${rest}` : rest);
}

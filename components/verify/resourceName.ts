import { foreignText } from "../core/plainText.ts";

/** What a report calls a resource of the state: the end of its URN, which may be any text there. */
export function resourceName(urn: string): string {
  return foreignText(urn.slice(-300).split("::").at(-1) ?? "");
}

import { foreignText } from "../core/plainText.ts";

// urn:pulumi:STACK::PROJECT::TYPES::NAME, where TYPES are the types of the parents and the resource, with $ in between

/** Whether a text can stand in a message and in a command as the name of a resource. */
export function isUrn(text: string): boolean {
  return /^urn:pulumi:[ -~]+$/.test(text);
}

/** The name of a resource. */
export function nameIn(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The type of a resource, after those of its parents. */
export function typeIn(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** The same of its parent. */
export function parentType(urn: string): string {
  const type = typeIn(urn);
  return type.slice(0, Math.max(0, type.lastIndexOf("$")));
}

/** What a report calls a resource of the state: the end of its URN, which may be any text there. */
export function resourceName(urn: string): string {
  return foreignText(urn.slice(-300).split("::").at(-1) ?? "");
}

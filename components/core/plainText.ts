/** How many characters of a text from outside are shown. */
const shown = 300;

/**
 * A text as printable ASCII, on one line. Every other character is written as its code, `\u001b`, so that no text
 * can move a terminal's cursor, begin a line of its own, reverse the reading direction, or use Pulumi's colours,
 * which are written `<{%red%}>`.
 */
export function printable(text: string): string {
  return text.replace(/[^ -~]/g, code).replaceAll("<{%", "<\\u007b%");
}

/**
 * What a host, a bastion, a cloud or a cluster said, as a part of a message: printable, with its line ends as
 * spaces, and cut after some hundred characters.
 */
export function foreignText(text: string, length = shown): string {
  // every character becomes one or more, so that this beginning is enough for the message
  const beginning = text.slice(0, 4 * length).trim();
  const line = printable(beginning.replace(/\s+/g, " "));
  return line.length > length || text.length > 4 * length
    ? `${line.slice(0, length)} ...`
    : line;
}

function code(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * A text as one word of a POSIX shell, whatever is in it: `'it'\''s'`. A word that no shell changes stays as it is.
 * For a command that ssh hands to a shell on the host, the whole command is one word of the shell that runs ssh:
 * `ssh HOST ${shellWord(command)}`.
 */
export function shellWord(text: string): string {
  // zsh replaces =name by the path of the command `name`
  return /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+=,-]*$/.test(text)
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}

import fc from "fast-check";

/** Texts that have broken other programs. */
export const nasty = [
  "",
  " ",
  "\n",
  "a\nb",
  "node-1\r\nroute 0.0.0.0/0 via 10.0.0.1",
  "10.200.0.0/24\nroute 0.0.0.0/0 via 10.0.0.1",
  "$(reboot)",
  "`reboot`",
  "'; reboot; '",
  '"; reboot; "',
  "a\0b",
  "\u001b[2J\u009b31m\u007f",
  "\u202eevil\u2028\u2029\ufeff",
  "-oProxyCommand=reboot",
  "../../etc/passwd",
  "--- script",
  "end",
  "__proto__",
  "constructor",
  "tostring",
  "\ud800",
  "x".repeat(2 ** 20),
  "a:".repeat(2 ** 19),
  "1.".repeat(2 ** 19),
  "\n".repeat(2 ** 20),
];

/** Any text, with a liking for what means something to a shell. */
export const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom(..."a0.:/-_\n\0\"'$`(){}[] \\%|&;") }),
  fc
    .tuple(fc.constantFrom("node-1", "10.0.0.1", "10.0.0.0/8"), fc.string())
    .map((parts) => parts.join("")),
);

/** JSON that is nested deeper than a program's stack. */
export const nestedWithoutEnd: readonly unknown[] = [
  JSON.parse(`${"[".repeat(1e5)}${"]".repeat(1e5)}`),
  JSON.parse(`${'{"name":'.repeat(1e5)}1${"}".repeat(1e5)}`),
];
